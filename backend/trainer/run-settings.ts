// The configuration a command works with: a run file checked in full, or the one a run folder stores.
import { isUtf8 } from 'node:buffer';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readRunConfig } from '../method/config-checks';
import { errorText, SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import { runFileError } from '../protocol/run-file';
import { readRunRecord } from './run-folder/run-json';

export interface RunSettings {
  readonly config: RunConfig;
  /** Absolute; paths in config are relative to its folder. */
  readonly runFile: string;
  readonly baseFolder: string;
}

/**
 * Reads a run file, or the configuration of a run folder.
 * @throws SuperRlError `usage` when there is no such file, `config` naming every mistake with its place.
 */
export function readRunSettings(path: string, overrides: readonly string[] = []): RunSettings {
  const file = resolve(path);
  if (existsSync(join(file, 'run.json'))) {
    if (overrides.length > 0)
      throw new SuperRlError('usage', '--set changes a run file; the configuration of a run is fixed.');
    const { config, runFile } = readRunRecord(file);
    return { config, runFile, baseFolder: dirname(runFile) };
  }
  const { config, problems } = readRunConfig(readRunFileText(file), path, overrides);
  if (!config) throw runFileError(problems);
  return { config, runFile: file, baseFolder: dirname(file) };
}

const advice = 'Give a run file (NAME.superrl.json), or a run folder.';

/** @throws SuperRlError `usage` when it can't be read, is a dataset, or is no UTF-8 text. */
export function readRunFileText(file: string): string {
  if (existsSync(file) && statSync(file).isDirectory())
    throw new SuperRlError('usage', `${file} is a folder without run.json. ${advice}`);
  if (existsSync(file) && /\.(jsonl|ndjson|csv|parquet|gz|gguf|safetensors)$/i.test(file))
    throw new SuperRlError('usage', `${file} is no run file by its name, but data or a model. ${advice}`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const why = existsSync(file) ? `${file} can't be read (${errorText(error)}).` : `There is no file ${file}.`;
    throw new SuperRlError('usage', `${why} ${advice}`, { cause: error });
  }
  if (!isUtf8(bytes) || bytes.includes(0))
    throw new SuperRlError('config', 'The run file is not UTF-8 text. Save it as UTF-8.', { place: { file } });
  return bytes.toString('utf8');
}
