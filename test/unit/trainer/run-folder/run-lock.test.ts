// One writer a run: who gets the lock, who is told what, and which process a pid means.
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityState, ownIdentity, startTicks } from '../../../../backend/trainer/run-folder/process-identity';
import { acquireRunLock, runLockState } from '../../../../backend/trainer/run-folder/run-lock';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'superrl-lock-'));
  path = join(folder, 'run.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const hold = (holder: object): void => writeFileSync(path, JSON.stringify({ ...ownIdentity(), ...holder }));

describe('acquireRunLock', () => {
  it('takes a free lock, refuses a second time, and gives it back without a trace', () => {
    expect(runLockState(folder)).toEqual({ state: 'free' });
    const lock = acquireRunLock(folder);
    expect(runLockState(folder)).toEqual({ state: 'alive', pid: process.pid });
    expect(() => acquireRunLock(folder)).toThrow(
      `This run is in progress (process ${process.pid}). Stop it with "superrl stop", or wait for its end.`,
    );
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
    acquireRunLock(folder).release();
  });

  it('takes over from a process that is gone, and from a reused pid', () => {
    for (const gone of [{ pid: 2 ** 22 + 1 }, { startTime: 'another' }]) {
      hold(gone);
      expect(runLockState(folder).state).toBe('dead');
      const lock = acquireRunLock(folder);
      expect(lock.tookOverFrom).toMatchObject(gone);
      expect(readdirSync(folder)).toEqual(['run.lock']);
      lock.release();
    }
  });

  it('takes over when an earlier take-over died half way', () => {
    hold({ startTime: 'another' });
    writeFileSync(`${path}.takeover`, JSON.stringify({ ...ownIdentity(), startTime: 'another' }));
    acquireRunLock(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('never takes over from another machine, and says what to do', () => {
    hold({ host: 'elsewhere', pid: 7 });
    expect(() => acquireRunLock(folder)).toThrow(
      `This run is held by process 7 on the machine elsewhere, which can't be asked from here. If it has ended, delete ${path} and try again.`,
    );
  });

  it('waits for a lock that is being written, and takes over one that never was', () => {
    writeFileSync(path, '');
    expect(() => acquireRunLock(folder)).toThrow('Another process is starting on this run. Try again in some seconds.');
    utimesSync(path, new Date(0), new Date(0));
    acquireRunLock(folder).release();
  });

  it('leaves the lock of a successor alone', () => {
    const lock = acquireRunLock(folder);
    hold({ pid: 1 });
    lock.release();
    expect(readdirSync(folder)).toEqual(['run.lock']);
  });

  it('says where it can not write', () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    expect(() => acquireRunLock(join(file, 'run'))).toThrow(
      /is a file, not a folder. Choose another folder with --runs/,
    );
  });
});

describe('process identity', () => {
  it('knows this process and no other', () => {
    expect(identityState(ownIdentity())).toBe('alive');
    expect(identityState({ ...ownIdentity(), startTime: 'x' })).toBe('dead');
    expect(identityState({ pid: process.pid, startTime: 'x', host: `${hostname()}-2` })).toBe('unknown');
  });

  it('reads the start of a process whose name holds brackets and blanks; a zombie has none', () => {
    const fields = Array.from({ length: 17 }, (_, index) => index + 4).join(' ');
    expect(startTicks(`12 (a) b (c) S ${fields} 21 4242 23`)).toBe('4242');
    expect(startTicks(`12 (sh) Z ${fields} 21 4242 23`)).toBeUndefined();
  });
});
