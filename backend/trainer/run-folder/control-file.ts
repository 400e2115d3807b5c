// How anyone asks a live run for something: a small file in RUN/control/, taken by the trainer between
// micro-batches. A message and never a signal, since Windows has none and a signal can't say why.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from './atomic-file';

export const controlActions = ['stop', 'pause', 'resume', 'checkpoint'] as const;
export type ControlAction = (typeof controlActions)[number];

const controlRequestSchema = z.object({
  action: z.enum(controlActions),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Who asks, for the log: "superrl stop", "the editor", … */
  by: z.string(),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** Asks the trainer of a run for something. The caller checks first that one is alive (runLockState). */
export async function requestControl(runFolder: string, action: ControlAction, by: string): Promise<void> {
  const at = Date.now();
  const folder = controlFolder(runFolder);
  mkdirSync(folder, { recursive: true });
  const name = `${String(at).padStart(15, '0')}-${randomUUID()}.json`;
  await writeFileAtomically(join(folder, name), `${JSON.stringify({ action, at, by } satisfies ControlRequest)}\n`);
}

/** Takes all requests, oldest first, and removes them. Only the trainer calls this. */
export function takeControlRequests(runFolder: string): ControlRequest[] {
  return requestFiles(runFolder).flatMap((path) => {
    const parsed = controlRequestSchema.safeParse(parseJson(readFileSync(path, 'utf8')));
    rmSync(path, { force: true });
    return parsed.success ? [parsed.data] : [];
  });
}

/** Forgets requests made to an earlier trainer of this run. */
export function clearControlRequests(runFolder: string): void {
  for (const path of requestFiles(runFolder)) rmSync(path, { force: true });
}

function controlFolder(runFolder: string): string {
  return join(runFolder, 'control');
}

function requestFiles(runFolder: string): string[] {
  const folder = controlFolder(runFolder);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // no request was ever made
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
