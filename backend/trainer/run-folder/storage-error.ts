// Operating-system errors of writing, as sentences that say what to do: disk full, quota, no permission.
import { dirname } from 'node:path';
import { errorText, SuperRlError } from '../../protocol/errors';

const advice: Readonly<Record<string, (path: string) => string>> = {
  ENOSPC: (path) => `The disk that holds ${dirname(path)} is full. Free space, then resume the run with --resume.`,
  EDQUOT: (path) => `Your disk quota for ${dirname(path)} is used up. Free space, then resume the run with --resume.`,
  EFBIG: (path) =>
    `${path} reached the file size limit of this system (see "ulimit -f"). Raise it, then resume the run with --resume.`,
  EACCES: (path) => `No permission to write ${path}. Choose another folder with --runs, or change its permissions.`,
  EPERM: (path) => `No permission to write ${path}. Choose another folder with --runs, or change its permissions.`,
  EROFS: (path) => `${path} is on a read-only file system. Choose another folder with --runs.`,
  ENOTDIR: (path) => `A part of the path ${path} is a file, not a folder. Choose another folder with --runs.`,
  EEXIST: (path) => `${path} is a file where a folder should be. Remove it, or choose another folder with --runs.`,
  ENAMETOOLONG: (path) => `The path ${path} is too long for this file system. Choose a shorter name or --runs folder.`,
};

/** The operating system's code (ENOSPC, …) of anything thrown. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A SuperRlError `storage` for a failed write of `path`; another SuperRlError passes as it is. */
export function storageError(error: unknown, path: string): SuperRlError {
  if (error instanceof SuperRlError) {
    return systemCode(error.cause) === undefined ? error : storageError(error.cause, path);
  }
  const sentence = advice[systemCode(error) ?? '']?.(path) ?? `Writing ${path} failed (${errorText(error)}).`;
  return new SuperRlError('storage', `${sentence} What was written before is safe.`, { cause: error });
}
