// Whole files written so that a reader sees the old content or the new, never a part: temporary file,
// fsync, rename. Windows refuses to rename over an open file, so rename is retried for a while.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { storageError, systemCode } from './storage-error';

/**
 * Writes a file whole. On failure the old file, if any, is untouched and no temporary file stays.
 * @throws SuperRlError `storage` saying what to do (disk full, no permission, …).
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    await handle.writeFile(content);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await renameWithRetry(temporary, path);
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw storageError(error, path);
  }
}

/** A name beside `path` that no reader takes for a finished file. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
}

const retriedCodes = ['EPERM', 'EBUSY', 'EACCES'];

/** Renames; on Windows' refusals for open files waits and tries again, for about 2 s. */
export async function renameWithRetry(from: string, to: string, move: typeof rename = rename): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await move(from, to);
      return;
    } catch (error) {
      if (attempt === 8 || !retriedCodes.includes(systemCode(error) ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 8 * 2 ** attempt));
    }
  }
}

/** Makes a rename inside a folder durable. Windows can't open folders and needs no such call. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
