// What can be done with a run in each state, what is said of it, and that the list never misses a change.
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../../backend/protocol/messages';
import { Listeners } from '../../../../extension/listeners';
import type { ConnectionState } from '../../../../extension/server/server-connection';
import { contextValues } from '../../../../extension/watch/context-values';
import { newestRunOf, RunList, runDescription, runMarks } from '../../../../extension/watch/run-list';

const base: RunSummary = {
  run: '/w/runs/countdown-20250101-000000',
  name: 'countdown',
  method: 'superrl',
  state: 'running',
  live: true,
  resumable: false,
  engine: 'onnx',
  step: 12,
  progress: 0.25,
  checkpoints: [],
  alarms: 0,
  startedAt: 0,
  changedAt: 0,
};
const checkpoint = { step: 10, path: 'checkpoints/step-000010', best: true };

describe('what can be done with a run', () => {
  it.each([
    [{ state: 'running' as const }, 'pausable running'],
    [{ state: 'paused' as const }, 'resumable running'],
    [{ state: 'stopping' as const }, ''],
    [{ state: 'finished' as const, live: false, checkpoints: [checkpoint] }, 'checkpoints'],
    [
      { state: 'interrupted' as const, live: false, resumable: true, checkpoints: [checkpoint] },
      'resumable checkpoints',
    ],
    [{ state: 'failed' as const, live: false }, ''],
  ])('%o: %s', (changes, marks) => {
    expect(runMarks({ ...base, ...changes }).join(' ')).toBe(marks);
  });

  it('decides which commands are enabled', () => {
    expect(contextValues([])).toEqual({
      hasRuns: false,
      hasRunning: false,
      hasPausable: false,
      hasResumable: false,
      hasCheckpoints: false,
      hasTwoRuns: false,
    });
    const interrupted = { ...base, state: 'interrupted' as const, live: false, resumable: true };
    expect(contextValues([base, interrupted])).toMatchObject({
      hasPausable: true,
      hasResumable: true,
      hasTwoRuns: true,
    });
    expect(contextValues([{ ...base, state: 'queued', live: false }]).hasRuns).toBe(false);
  });
});

it('describes a run on one line', () => {
  expect(runDescription({ ...base, reward: 0.421, heldOut: { 'eval/pass@1': 0.31 } })).toBe(
    'running · step 12 · 25 % · reward 0.42 · pass@1 0.31',
  );
  expect(runDescription({ ...base, state: 'queued', reason: 'behind countdown' })).toBe('behind countdown');
});

it('finds the newest run of a run file by where runs lie and how they are named', () => {
  const elsewhere = { ...base, run: '/elsewhere/runs/countdown-20250101-000000' };
  const longer = { ...base, run: '/w/runs/countdown-long-20250102-000000' };
  const runs = [elsewhere, longer, base];
  expect(newestRunOf('/w/a.superrl.json', 'countdown', runs)).toBe(base);
  expect(newestRunOf('/w/b.superrl.json', 'countdown-long', runs)).toBe(longer);
  expect(newestRunOf('/w/b.superrl.json', undefined, runs)).toBe(longer);
  expect(newestRunOf('/v/a.superrl.json', 'countdown', runs)).toBeUndefined();
});

describe('the list', () => {
  function listWith(answer: () => Promise<RunSummary[]>) {
    const changes = new Listeners<void>();
    const states = new Listeners<ConnectionState>();
    const problems: unknown[] = [];
    const list = new RunList({
      connection: {
        request: (async () => ({ runs: await answer() })) as never,
        onRunsChanged: changes.on,
        onDidChangeState: states.on,
      },
      directories: () => ['/w/runs'],
      onProblem: (error) => problems.push(error),
    });
    return { list, changes, problems };
  }

  it('lists again when a change is told while it lists', async () => {
    let asked = 0;
    const { list, changes } = listWith(async () => {
      asked++;
      if (asked === 1) changes.fire();
      return [{ ...base, step: asked }];
    });
    await list.refresh();
    await expect.poll(() => list.all[0]?.step).toBe(2);
    expect(asked).toBe(2);
  });

  it('keeps what it had when the server can’t be asked', async () => {
    let fails = false;
    const { list, problems } = listWith(async () => {
      if (fails) throw new Error('gone');
      return [base];
    });
    await list.refresh();
    fails = true;
    await list.refresh();
    expect(list.all).toEqual([base]);
    expect(problems).toHaveLength(1);
  });
});
