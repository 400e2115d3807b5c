// The files a run reads, remembered by their hashes: a resumed run goes on exactly only when its data are still the
// same (a model from scratch even has its tokenizer from them), and a reward that was edited should be said.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import { systemCode } from './run-folder/storage-error';

export interface RunInput {
  readonly kind: 'data' | 'reward';
  /** As the run file has it, relative to its folder. */
  readonly path: string;
  readonly sha256: string;
}

/** Hashes of the datasets, traces and reward files of a run that are there. */
export async function hashRunInputs(config: RunConfig, baseFolder: string): Promise<RunInput[]> {
  const { data, traces, rewards } = config;
  const named = [
    ...[data.train, data.eval, traces?.path].map((path) => ({ kind: 'data', path }) as const),
    ...rewards.map(({ file }) => ({ kind: 'reward', path: file }) as const),
  ];
  const inputs = new Map<string, RunInput>();
  for (const { kind, path } of named) {
    if (path === undefined || inputs.has(path)) continue;
    const sha256 = await hashOf(resolve(baseFolder, path));
    if (sha256 !== undefined) inputs.set(path, { kind, path, sha256 });
  }
  return [...inputs.values()];
}

/**
 * What a person should know of the reward files when a run goes on.
 * @throws SuperRlError `data` when a dataset or the traces are other ones than those the run began with. A file that
 * is gone is not told here: opening it says so.
 */
export async function checkRunInputs(inputs: readonly RunInput[], baseFolder: string): Promise<string[]> {
  const notes: string[] = [];
  for (const { kind, path, sha256 } of inputs) {
    const file = resolve(baseFolder, path);
    const now = await hashOf(file);
    if (now === undefined || now === sha256) continue;
    if (kind === 'data') {
      throw new SuperRlError(
        'data',
        "This file has changed since the run was started, so the run can't go on where it was. Restore it, or start a new run.",
        { place: { file } },
      );
    }
    notes.push(`${path} has changed since the run was started; from this step on it scores as it is now.`);
  }
  return notes;
}

/** Undefined when there is no such file. */
async function hashOf(file: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EISDIR') return undefined;
    throw new SuperRlError('data', "This file can't be read; check its permissions.", {
      place: { file },
      cause: error,
    });
  }
  return hash.digest('hex');
}
