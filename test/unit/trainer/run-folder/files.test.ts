// Folder names, whole files, samples, run.json, control requests and the listing of runs.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SampleLine } from '../../../../backend/protocol/sample';
import { renameWithRetry, writeFileAtomically } from '../../../../backend/trainer/run-folder/atomic-file';
import { checkpointSteps } from '../../../../backend/trainer/run-folder/checkpoint-folder';
import { requestControl, takeControlRequests } from '../../../../backend/trainer/run-folder/control-file';
import { createRunFolder } from '../../../../backend/trainer/run-folder/folder-name';
import { openRunLedger } from '../../../../backend/trainer/run-folder/open-run-ledger';
import { readRunRecord } from '../../../../backend/trainer/run-folder/run-json';
import { findRun, listRuns } from '../../../../backend/trainer/run-folder/run-listing';
import { readSampleFile, readStepSamples, writeSampleFile } from '../../../../backend/trainer/run-folder/sample-file';
import { storageError } from '../../../../backend/trainer/run-folder/storage-error';
import { runRecord } from './run-record';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'superrl-files-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('createRunFolder', () => {
  it('names by local time, numbers runs of one second, and keeps a directory of its own out of git', () => {
    const runs = join(folder, 'deep', 'runs');
    const at = new Date(2026, 0, 2, 3, 4, 5);
    const made = [1, 2, 3].map(() => basename(createRunFolder(runs, 'count', at)));
    expect(made).toEqual(['count-20260102-030405', 'count-20260102-030405-2', 'count-20260102-030405-3']);
    expect(readFileSync(join(runs, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('adds nothing to a directory that was there', () => {
    createRunFolder(folder, 'a');
    expect(existsSync(join(folder, '.gitignore'))).toBe(false);
  });

  it('says what to do when a part of the path is a file', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => createRunFolder(join(folder, 'file', 'runs'), 'a')).toThrow(
      /is a file, not a folder. Choose another folder with --runs. What was written before is safe./,
    );
  });
});

describe('writeFileAtomically', () => {
  it('replaces a file whole and leaves no other', async () => {
    const file = join(folder, 'a.json');
    await writeFileAtomically(file, 'old');
    await writeFileAtomically(file, 'new');
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('keeps the old file and cleans up when it fails', async () => {
    mkdirSync(join(folder, 'a.json', 'inside'), { recursive: true });
    await expect(writeFileAtomically(join(folder, 'a.json'), 'x')).rejects.toThrow(/What was written before is safe/);
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('retries a rename that Windows refuses for a moment, and no other', async () => {
    const fails = (code: string, times: number) => {
      let calls = 0;
      const move = async () => {
        if (calls++ < times) throw Object.assign(new Error(code), { code });
      };
      return { move, calls: () => calls };
    };
    const busy = fails('EBUSY', 3);
    await renameWithRetry('a', 'b', busy.move);
    expect(busy.calls()).toBe(4);
    const full = fails('ENOSPC', 1);
    await expect(renameWithRetry('a', 'b', full.move)).rejects.toThrow('ENOSPC');
  });
});

describe('storageError', () => {
  it.each([
    ['ENOSPC', 'The disk that holds /runs/a is full. Free space, then resume the run with --resume.'],
    ['EDQUOT', 'Your disk quota for /runs/a is used up. Free space, then resume the run with --resume.'],
    ['EACCES', 'No permission to write /runs/a/f. Choose another folder with --runs, or change its permissions.'],
    ['EROFS', '/runs/a/f is on a read-only file system. Choose another folder with --runs.'],
    ['ENAMETOOLONG', 'The path /runs/a/f is too long for this file system. Choose a shorter name or --runs folder.'],
    ['EIO', 'Writing /runs/a/f failed (input/output).'],
  ])('%s', (code, sentence) => {
    const error = storageError(Object.assign(new Error('input/output'), { code }), '/runs/a/f');
    expect(error.code).toBe('storage');
    expect(error.message).toBe(`${sentence} What was written before is safe.`);
  });
});

const sample = (index: number): SampleLine => ({
  kind: 'completion',
  step: 3,
  group: 0,
  index,
  text: 'a\u2028b\n',
  tokenIds: [1, 2],
  rewards: { exact: { value: 'NaN' }, mine: { invalid: 'timeout', reason: 'took too long' } },
  reward: null,
  correctness: null,
  success: false,
  advantage: null,
  stopReason: 'eos',
  truncated: false,
});

describe('sample files', () => {
  it('come back as written', async () => {
    await writeSampleFile(folder, 3, [sample(0), sample(1)]);
    expect(readdirSync(join(folder, 'samples'))).toEqual(['step-000003.jsonl']);
    expect(await readStepSamples(folder, 3)).toEqual([sample(0), sample(1)]);
    expect(await readStepSamples(folder, 4)).toBeUndefined();
  });

  it('name the steps there are, and the line that is damaged', async () => {
    const read = async (step: number) => {
      await readSampleFile(folder, step);
    };
    await expect(read(7)).rejects.toThrow('This run has no samples of step 7. It has none yet.');
    await writeSampleFile(folder, 3, [sample(0)]);
    await expect(read(7)).rejects.toThrow('This run has no samples of step 7. There are samples of steps 3 to 3.');
    const file = join(folder, 'samples', 'step-000003.jsonl');
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"kind":\n`);
    await expect(read(3)).rejects.toThrow(`${file}:2: This line is not a sample; the file was changed or damaged.`);
  });
});

describe('checkpointSteps', () => {
  it('knows whole checkpoints only, not what a crash left', () => {
    for (const name of ['step-000004', 'step-000012', 'step-000008.tmp', 'step-000004.old.tmp'])
      mkdirSync(join(folder, 'checkpoints', name), { recursive: true });
    writeFileSync(join(folder, 'checkpoints', 'best.json'), '{"step":4}');
    expect(checkpointSteps(folder)).toEqual([4, 12]);
  });
});

describe('control requests', () => {
  it('are taken once, oldest first; a damaged one is dropped', async () => {
    expect(takeControlRequests(folder)).toEqual([]);
    await requestControl(folder, 'pause', 'a test');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await requestControl(folder, 'stop', 'a test');
    writeFileSync(join(folder, 'control', '0.json'), 'no json');
    expect(takeControlRequests(folder).map(({ action, by }) => [action, by])).toEqual([
      ['pause', 'a test'],
      ['stop', 'a test'],
    ]);
    expect(takeControlRequests(folder)).toEqual([]);
  });
});

async function makeRun(id: string, events: (ledger: Awaited<ReturnType<typeof openRunLedger>>) => Promise<void>) {
  const run = join(folder, id);
  mkdirSync(run);
  const ledger = await openRunLedger({ folder: run, mode: 'create' });
  await ledger.writeRun(runRecord(id));
  await events(ledger);
  return ledger;
}

describe('openRunLedger', () => {
  it('refuses a folder that holds a run already, and a resume where there is none', async () => {
    (await makeRun('a', async (ledger) => ledger.append('state', { state: 'finished', step: 1 }))).close();
    const run = join(folder, 'a');
    await expect(openRunLedger({ folder: run, mode: 'create' })).rejects.toThrow(
      `${run} already holds a run. Go on with it by --resume, or start a new one.`,
    );
    await expect(openRunLedger({ folder, mode: 'resume' })).rejects.toThrow(
      `${folder} is not a run folder: it has no run.json. "superrl runs" lists them.`,
    );
    expect(existsSync(join(run, 'run.lock'))).toBe(false);
  });

  it('appends interrupted only to a run that had not ended, and tells listeners after the file', async () => {
    (await makeRun('a', async (ledger) => ledger.append('state', { state: 'running', step: 0 }))).close();
    const again = await openRunLedger({ folder: join(folder, 'a'), mode: 'resume' });
    const heard: string[] = [];
    again.onAppend((event) => {
      const inFile = readFileSync(join(folder, 'a', 'events.jsonl'), 'utf8');
      expect(inFile).toContain(`"seq":${event.seq},`);
      heard.push(event.type);
    });
    expect(again.lastSeq).toBe(2);
    await again.append('resumed', { fromStep: 0 });
    await again.append('state', { state: 'finished', step: 4 });
    again.close();
    expect(heard).toEqual(['resumed', 'state']);
    const third = await openRunLedger({ folder: join(folder, 'a'), mode: 'resume' });
    expect(third.lastSeq).toBe(4);
    third.close();
  });
});

describe('run.json', () => {
  it('says what is wrong with it', () => {
    const file = join(folder, 'run.json');
    const problem = (text: string): string => {
      writeFileSync(file, text);
      try {
        readRunRecord(folder);
        return 'none';
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(problem(JSON.stringify(runRecord('a')))).toBe('none');
    expect(problem('{')).toContain(`${file}: This file is damaged (`);
    expect(problem('{"format":2}')).toBe(
      `${file}: This run was made by a newer version of SuperRL. Update to open it.`,
    );
    expect(problem('{"format":1}')).toContain(`${file}: This file is not what it should be:`);
  });
});

describe('listRuns', () => {
  it('tells live, interrupted, finished and damaged runs apart', async () => {
    const live = await makeRun('live', async (ledger) => {
      await ledger.append('state', { state: 'running', step: 0 });
      await ledger.append('metrics', {
        step: 2,
        values: { reward: 0.5 },
        usedTokens: 10,
        elapsedMs: 5,
        progress: 0.25,
        epoch: 0,
        phase: 'rl',
      });
    });
    (await makeRun('gone', async (ledger) => ledger.append('state', { state: 'running', step: 0 }))).close();
    (await makeRun('done', async (ledger) => ledger.append('state', { state: 'finished', step: 9 }))).close();
    mkdirSync(join(folder, 'broken'));
    writeFileSync(join(folder, 'broken', 'run.json'), '{');
    mkdirSync(join(folder, 'no-run'));
    const found = Object.fromEntries(listRuns(folder).map((run) => [run.id, run]));
    expect(Object.keys(found).sort()).toEqual(['broken', 'done', 'gone', 'live']);
    expect(found.live).toMatchObject({ state: 'running', step: 2, progress: 0.25, reward: 0.5 });
    expect(found.gone).toMatchObject({ state: 'interrupted' });
    expect(found.done).toMatchObject({ state: 'finished', step: 9 });
    expect(found.broken).toMatchObject({ state: 'damaged', problem: expect.stringContaining('This file is damaged') });
    live.close();
  });

  it('finds a run by path, name or beginning, and names those there are', async () => {
    (await makeRun('count-20260101-000000', async () => {})).close();
    const run = join(folder, 'count-20260101-000000');
    expect(findRun(run, '/nowhere')).toBe(run);
    expect(findRun('count-20260101-000000', folder)).toBe(run);
    expect(findRun('count', folder)).toBe(run);
    expect(() => findRun('other', folder)).toThrow(
      `There is no run "other" in ${folder}. Runs: count-20260101-000000.`,
    );
    expect(() => findRun('other', '/nowhere')).toThrow(
      'There is no run "other" in /nowhere. It holds no runs; give another directory with --runs.',
    );
  });

  it('says when the directory can not be read', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => listRuns(join(folder, 'file'))).toThrow(`${join(folder, 'file')} can't be read`);
  });
});
