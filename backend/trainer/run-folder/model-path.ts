// Which model a command's MODEL means: a folder in Hugging Face layout, a .gguf file, or a run's checkpoint.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import { bestCheckpointStep, checkpointPath, checkpointSteps } from './checkpoint-folder';

/**
 * The path itself, or of a run folder its best checkpoint (else its newest), or the one of `step`.
 * @throws SuperRlError `checkpoint` when the run has none (of that step).
 */
export function modelPath(path: string, step?: number): string {
  const folder = resolve(path);
  if (!existsSync(join(folder, 'run.json'))) return folder;
  const steps = checkpointSteps(folder);
  const wanted = step ?? bestCheckpointStep(folder) ?? steps.at(-1);
  if (wanted !== undefined && steps.includes(wanted)) return checkpointPath(folder, wanted);
  const known = steps.length === 0 ? 'It has saved none yet.' : `There are steps ${steps.join(', ')}.`;
  const which = step === undefined ? 'This run has no checkpoint.' : `This run has no checkpoint of step ${step}.`;
  throw new SuperRlError('checkpoint', `${which} ${known}`, { place: { file: folder } });
}
