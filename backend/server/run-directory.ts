// Which folders of a runs directory are runs, without blocking.
import { access, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorText, SuperRlError } from '../protocol/errors';
import { systemCode } from '../trainer/run-folder/storage-error';

/** Absolute paths; empty when the directory isn't there. @throws SuperRlError `storage` when it can't be read. */
export async function runFoldersIn(directory: string): Promise<string[]> {
  const folder = resolve(directory);
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new SuperRlError('storage', `${folder} can't be read (${errorText(error)}).`, { cause: error });
  }
  const runs = await Promise.all(
    names.map(async (name) => {
      const run = join(folder, name);
      const isRun = await access(join(run, 'run.json')).then(
        () => true,
        () => false,
      );
      return isRun ? [run] : [];
    }),
  );
  return runs.flat();
}
