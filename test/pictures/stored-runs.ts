// Real runs of the Countdown example for the pictures: those that `npm run study -- countdown` leaves, copied into a
// workspace as if they had been trained there.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

/** The newest finished run of an arm of the study, seed 1. */
function finishedRun(arm: string): string {
  const folder = join(inject('root'), '.cache/study/countdown');
  const names = existsSync(folder) ? readdirSync(folder).sort().reverse() : [];
  const found = names.find((name) => name.startsWith(`${arm}-1-2`) && stateOf(join(folder, name)) === 'finished');
  if (found === undefined) throw new Error(`There is no finished run of ${arm}: npm run study -- countdown`);
  return join(folder, found);
}

function stateOf(run: string): string | undefined {
  const file = join(run, 'summary.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).state : undefined;
}

/**
 * Copies the run into `workspace`/runs; paths of the example become those of the workspace.
 * @param samples from this step on, since they are large; default: none
 */
export function copyRun(arm: string, workspace: string, samples = Number.POSITIVE_INFINITY): void {
  const from = finishedRun(arm);
  const to = join(workspace, 'runs', from.slice(from.lastIndexOf('/') + 1));
  const example = join(inject('root'), 'examples/countdown');
  mkdirSync(join(to, 'samples'), { recursive: true });
  // The study keeps no checkpoints.
  for (const name of ['events.jsonl', 'summary.json', 'checkpoints'].filter((name) => existsSync(join(from, name)))) {
    cpSync(join(from, name), join(to, name), { recursive: true });
  }
  const moved = (name: string) =>
    writeFileSync(join(to, name), readFileSync(join(from, name), 'utf8').replaceAll(example, workspace));
  moved('run.json');
  for (const name of readdirSync(join(from, 'samples'))) {
    if (Number(/\d+/.exec(name)?.[0]) >= samples) moved(join('samples', name));
  }
}
