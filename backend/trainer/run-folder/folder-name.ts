// Run folders: NAME-YYYYMMDD-HHMMSS[-2] under the runs directory, which keeps itself out of git.
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { storageError, systemCode } from './storage-error';

/**
 * Makes the folder of a new run and returns its absolute path. Two runs of one second get -2, -3, ….
 * @param runsDirectory absolute; made when missing, with a .gitignore of `*`
 * @throws SuperRlError `storage` when it can't be written.
 */
export function createRunFolder(runsDirectory: string, name: string, now: Date = new Date()): string {
  prepareRunsDirectory(runsDirectory);
  const base = join(runsDirectory, `${name}-${timestamp(now)}`);
  for (let number = 1; ; number++) {
    const folder = number === 1 ? base : `${base}-${number}`;
    try {
      mkdirSync(folder);
      return folder;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw storageError(error, folder);
    }
  }
}

function prepareRunsDirectory(directory: string): void {
  try {
    const made = mkdirSync(directory, { recursive: true });
    // Only a directory of our making: an existing one may be under version control on purpose.
    if (made !== undefined) writeFileSync(join(directory, '.gitignore'), '*\n');
  } catch (error) {
    throw storageError(reasonOf(error, directory), directory);
  }
}

/** On a read-only disk Node's recursive mkdir says that the folder is not there (ENOENT); its parent knows better. */
function reasonOf(error: unknown, directory: string): unknown {
  let parent = dirname(directory);
  while (!existsSync(parent)) parent = dirname(parent);
  try {
    accessSync(parent, constants.W_OK);
    return error;
  } catch (reason) {
    return reason;
  }
}

/** Local time as YYYYMMDD-HHMMSS. */
function timestamp(at: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}${two(at.getMonth() + 1)}${two(at.getDate())}`;
  return `${day}-${two(at.getHours())}${two(at.getMinutes())}${two(at.getSeconds())}`;
}
