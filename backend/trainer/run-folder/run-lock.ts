// run.lock: one writer a run. Created exclusively; a lock whose holder died is taken over under a second
// lock of the same kind (run.lock.takeover), so that of many who find it only one gets it.
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import { temporaryName } from './atomic-file';
import { identityState, ownIdentity, type ProcessIdentity, processIdentitySchema } from './process-identity';
import { storageError, systemCode } from './storage-error';

export interface RunLock {
  /** The dead holder from whom the lock was taken, if so. */
  readonly tookOverFrom: ProcessIdentity | undefined;
  release(): void;
}

export function runLockPath(runFolder: string): string {
  return join(runFolder, 'run.lock');
}

/**
 * Takes the lock of a run.
 * @throws SuperRlError `run-locked` when its holder is alive or on another machine, `storage` when the lock
 * can't be written.
 */
export function acquireRunLock(runFolder: string): RunLock {
  const path = runLockPath(runFolder);
  const taken = acquire(path);
  if (taken.kind === 'held') throw lockedError(path, taken.holder);
  return heldLock(path, taken.from);
}

/**
 * Takes a lock of the same kind at any path; undefined when its holder is alive or can't be asked.
 * @throws SuperRlError `storage` when the lock can't be written.
 */
export function tryProcessLock(path: string): RunLock | undefined {
  const taken = acquire(path);
  return taken.kind === 'held' ? undefined : heldLock(path, taken.from);
}

function heldLock(path: string, tookOverFrom: ProcessIdentity | undefined): RunLock {
  let released = false;
  return {
    tookOverFrom,
    release() {
      if (released) return;
      released = true;
      const holder = readHolder(path);
      if (typeof holder === 'object' && isSame(holder, ownIdentity())) rmSync(path, { force: true });
    },
  };
}

/** Who holds a run's lock, as far as a reader can tell; reading changes nothing. */
export function runLockState(
  runFolder: string,
): { state: 'free' } | { state: 'alive' | 'dead' | 'unknown'; pid: number } {
  const holder = readHolder(runLockPath(runFolder));
  if (holder === 'none') return { state: 'free' };
  if (holder === 'unfinished') return { state: 'unknown', pid: 0 };
  return { state: identityState(holder), pid: holder.pid };
}

type Acquired =
  | { readonly kind: 'taken'; readonly from: ProcessIdentity | undefined }
  | { readonly kind: 'held'; readonly holder: ProcessIdentity | undefined };

function acquire(path: string): Acquired {
  for (;;) {
    if (createExclusively(path)) return { kind: 'taken', from: undefined };
    const holder = readHolder(path);
    if (holder === 'none') continue; // given back this moment
    const isStale = holder === 'unfinished' ? isOld(path) : identityState(holder) === 'dead';
    if (!isStale) return { kind: 'held', holder: holder === 'unfinished' ? undefined : holder };

    const guard = `${path}.takeover`;
    const turn = acquire(guard);
    if (turn.kind === 'held') return { kind: 'held', holder: turn.holder };
    try {
      const now = readHolder(path);
      const unchanged =
        now === holder || (typeof now === 'object' && typeof holder === 'object' && isSame(now, holder));
      if (!unchanged) continue; // someone else took it over, or it was given back
      const replacement = temporaryName(path);
      writeFileSync(replacement, lockText());
      renameSync(replacement, path);
      return { kind: 'taken', from: typeof holder === 'object' ? holder : undefined };
    } catch (error) {
      throw storageError(error, path);
    } finally {
      rmSync(guard, { force: true });
    }
  }
}

function createExclusively(path: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'wx');
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw storageError(error, path);
  }
  try {
    writeSync(descriptor, lockText());
    fsyncSync(descriptor);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    throw storageError(error, path);
  } finally {
    closeSync(descriptor);
  }
}

function lockText(): string {
  return `${JSON.stringify(ownIdentity())}\n`;
}

/** `unfinished`: created, but its text isn't there (yet). */
function readHolder(path: string): ProcessIdentity | 'none' | 'unfinished' {
  try {
    const parsed = processIdentitySchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
    return parsed.success ? parsed.data : 'unfinished';
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'none' : 'unfinished';
  }
}

/** Whether an unfinished lock is no longer being written: its creator died, or the power went. */
function isOld(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > 10_000;
  } catch {
    return false;
  }
}

function isSame(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.host === b.host;
}

function lockedError(path: string, holder: ProcessIdentity | undefined): SuperRlError {
  if (!holder) {
    return new SuperRlError('run-locked', `Another process is starting on this run. Try again in some seconds.`);
  }
  if (identityState(holder) === 'unknown') {
    return new SuperRlError(
      'run-locked',
      `This run is held by process ${holder.pid} on the machine ${holder.host}, which can't be asked from here. ` +
        `If it has ended, delete ${path} and try again.`,
    );
  }
  return new SuperRlError(
    'run-locked',
    `This run is in progress (process ${holder.pid}). Stop it with "superrl stop", or wait for its end.`,
  );
}
