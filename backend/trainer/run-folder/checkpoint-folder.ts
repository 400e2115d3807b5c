// checkpoints/step-NNNNNN/: Hugging Face layout, beside it optimizer.safetensors, state.json and, under LoRA,
// adapter/ in PEFT's layout (a folder of its own: transformers takes a model beside adapters for its base). Made in a
// temporary folder and renamed, so that a folder of that name is whole; best.json names the best by evaluation.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { OptimizerState } from '../../engine/engine';
import { loadCheckpoint, saveCheckpoint } from '../../model/checkpoint';
import { loadPeft, savePeft } from '../../model/peft';
import { openSafetensors, writeSafetensors } from '../../model/safetensors';
import { errorText, SuperRlError } from '../../protocol/errors';
import type { CheckpointContents, StoredCheckpoint } from '../run-ledger';
import { type TrainerState, trainerStateSchema } from '../trainer-state';
import { renameWithRetry, syncFolder, writeFileAtomically } from './atomic-file';
import { wrongFields } from './run-json';
import { stepName } from './sample-file';
import { storageError, systemCode } from './storage-error';

const adapterFolder = 'adapter';
const bestSchema = z.object({ step: z.int() });

/**
 * Saves a checkpoint, then deletes all but the newest `keep` and the best.
 * @returns its path relative to the run folder, and its size.
 * @throws SuperRlError `storage` when it can't be written; earlier checkpoints are untouched then.
 */
export async function saveCheckpointFolder(
  runFolder: string,
  contents: CheckpointContents,
  keep: number,
): Promise<{ path: string; bytes: number }> {
  const { step } = contents.state;
  const parent = join(runFolder, 'checkpoints');
  const path = join('checkpoints', stepName(step));
  const folder = join(runFolder, path);
  const temporary = `${folder}.tmp`;
  try {
    await mkdir(parent, { recursive: true });
    await rm(temporary, { recursive: true, force: true }); // left by a crash
    await writeContents(temporary, contents);
    await replaceFolder(temporary, folder);
    syncFolder(parent);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw storageError(error, folder);
  }
  if (contents.best) await writeFileAtomically(join(parent, 'best.json'), `${JSON.stringify({ step })}\n`);
  prune(runFolder, keep);
  return { path: path.replaceAll('\\', '/'), bytes: folderBytes(folder) };
}

async function writeContents(folder: string, contents: CheckpointContents): Promise<void> {
  const { modelConfig: config, weights, tokenizer, adapters, optimizer, state } = contents;
  await saveCheckpoint(folder, { config, weights, tokenizer });
  if (adapters) await savePeft(join(folder, adapterFolder), adapters, adapters.baseModel);
  const moments = new Map([
    ...[...optimizer.first].map(([name, tensor]) => [`first.${name}`, tensor] as const),
    ...[...optimizer.second].map(([name, tensor]) => [`second.${name}`, tensor] as const),
  ]);
  await writeSafetensors(join(folder, 'optimizer.safetensors'), moments, {
    dtype: 'float32',
    metadata: { updates: String(optimizer.updates) },
  });
  const stateFile = await open(join(folder, 'state.json'), 'w');
  try {
    await stateFile.writeFile(`${JSON.stringify(state)}\n`);
    await stateFile.sync();
  } finally {
    await stateFile.close();
  }
}

/** Puts the new folder in place; an older one of the same step (redone after a resume) is moved away first. */
async function replaceFolder(temporary: string, folder: string): Promise<void> {
  const old = `${folder}.old.tmp`;
  await rm(old, { recursive: true, force: true });
  await rename(folder, old).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
  await renameWithRetry(temporary, folder);
  await rm(old, { recursive: true, force: true });
}

/** Steps that have a checkpoint, ascending. */
export function checkpointSteps(runFolder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(join(runFolder, 'checkpoints'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const steps = names.flatMap((name) => {
    const digits = /^step-(\d+)$/.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return steps.sort((a, b) => a - b);
}

export function checkpointPath(runFolder: string, step: number): string {
  return join(runFolder, 'checkpoints', stepName(step));
}

/** Step of the checkpoint with the best evaluation; undefined when there is none. */
export function bestCheckpointStep(runFolder: string): number | undefined {
  const file = join(runFolder, 'checkpoints', 'best.json');
  if (!existsSync(file)) return undefined;
  const parsed = bestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success ? parsed.data.step : undefined;
}

/**
 * Reads the newest checkpoint that is whole. A damaged one is passed over, and `onDamaged` told why.
 * @throws SuperRlError `checkpoint` when there are checkpoints but none is whole.
 */
export async function newestCheckpoint(
  runFolder: string,
  onDamaged: (step: number, message: string) => Promise<void>,
): Promise<StoredCheckpoint | undefined> {
  const steps = checkpointSteps(runFolder).reverse();
  let newest = '';
  for (const step of steps) {
    const folder = checkpointPath(runFolder, step);
    try {
      return await readCheckpoint(folder);
    } catch (error) {
      newest ||= errorText(error);
      await onDamaged(step, `The checkpoint ${stepName(step)} is damaged and was passed over: ${errorText(error)}`);
    }
  }
  if (steps.length === 0) return undefined;
  throw new SuperRlError(
    'checkpoint',
    `None of the ${steps.length} checkpoints of this run can be read. Start a new run, or restore the files. The newest: ${newest}`,
    { place: { file: join(runFolder, 'checkpoints') } },
  );
}

/** Reads a checkpoint of ours with everything that training needs to go on. */
export async function readCheckpoint(folder: string): Promise<StoredCheckpoint> {
  const state = readCheckpointState(folder);
  const { weights } = await loadCheckpoint(folder);
  const optimizer = await readOptimizer(join(folder, 'optimizer.safetensors'));
  const adaptersIn = join(folder, adapterFolder);
  const adapters = existsSync(adaptersIn) ? (await loadPeft(adaptersIn)).tensors : undefined;
  return { path: folder, state, weights, ...(adapters ? { adapters } : {}), optimizer };
}

/** Where training stood at a checkpoint of ours, without reading its weights. */
export function readCheckpointState(folder: string): TrainerState {
  return readState(join(folder, 'state.json'));
}

function readState(file: string): TrainerState {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SuperRlError('checkpoint', `can't be read (${errorText(error)}).`, { place: { file }, cause: error });
  }
  const parsed = trainerStateSchema.safeParse(value);
  if (!parsed.success) {
    throw new SuperRlError('checkpoint', `is not a trainer state: ${wrongFields(parsed.error)}.`, {
      place: { file },
      cause: parsed.error,
    });
  }
  return parsed.data;
}

async function readOptimizer(file: string): Promise<OptimizerState> {
  const source = await openSafetensors(file);
  try {
    const first = new Map();
    const second = new Map();
    for (const name of source.entries.keys()) {
      if (name.startsWith('first.')) first.set(name.slice(6), await source.read(name));
      else if (name.startsWith('second.')) second.set(name.slice(7), await source.read(name));
    }
    const updates = Number(source.metadata.updates);
    if (!Number.isInteger(updates)) {
      throw new SuperRlError('checkpoint', 'does not say how many updates were made.', { place: { file } });
    }
    return { first, second, updates };
  } finally {
    await source.close();
  }
}

/** Deletes all but the newest `keep` and the best, and what crashes left. */
function prune(runFolder: string, keep: number): void {
  const best = bestCheckpointStep(runFolder);
  for (const step of checkpointSteps(runFolder).slice(0, -keep)) {
    if (step !== best) rmSync(checkpointPath(runFolder, step), { recursive: true, force: true });
  }
  const parent = join(runFolder, 'checkpoints');
  for (const name of readdirSync(parent)) {
    if (name.endsWith('.tmp')) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true }).reduce(
    (sum, name) => sum + statSync(join(folder, String(name))).size,
    0,
  );
}
