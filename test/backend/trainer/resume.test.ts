// Exact resume on the real engine: a run killed at random instants ends with the tokens, decisions and weights of
// one that was never interrupted (DATA.md, "Exact resume").
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunFile } from '../../../backend/protocol/run-config';
import { describeChanges } from '../../../backend/trainer/resume-changes';
import { RunControl } from '../../../backend/trainer/run-control';
import { readRunRecord } from '../../../backend/trainer/run-folder/run-json';
import { trainRun } from '../../../backend/trainer/train-run';
import { decisionsOf, liveEvents, TinyTask, tokensOf } from './tiny-task';

const kills = 20;
const task = new TinyTask();
afterAll(() => task.remove());

function finalFile(folder: string, step: number, name: string): Buffer {
  return readFileSync(join(folder, 'checkpoints', `step-${String(step).padStart(6, '0')}`, name));
}

function expectSameRun(folder: string, reference: string, steps: number): void {
  expect(decisionsOf(liveEvents(folder))).toEqual(decisionsOf(liveEvents(reference)));
  for (let step = 1; step <= steps; step++) expect(tokensOf(folder, step)).toEqual(tokensOf(reference, step));
  for (const name of ['model.safetensors', 'optimizer.safetensors']) {
    expect(finalFile(folder, steps, name).equals(finalFile(reference, steps, name))).toBe(true);
  }
  const state = (of: string) => ({ ...JSON.parse(finalFile(of, steps, 'state.json').toString()), elapsedMs: 0 });
  expect(state(folder)).toEqual(state(reference));
}

describe('a stopped run', () => {
  const steps = 12;
  const fields = (method: RunFile['method']): Partial<RunFile> => ({
    method,
    budget: { steps },
    eval: { every: 4, prompts: 8, samples: 4, k: [1, 4] },
    update: { learningRate: 1e-2, schedule: 'linear', epochsPerRollout: 2 },
    loss: { kl: { coefficient: 0.01 } },
    switch: { probe: { prompts: 30, rollouts: 2 } },
  });

  it.each(['superrl', 'superrl-posterior', 'superrl-log-sigma', 'sft-then-rl', 'filter'] as const)(
    '%s goes on as if it had not been',
    async (method) => {
      const reference = await task.train(fields(method));
      const control = new RunControl();
      let polls = 0;
      control.readRequestsFrom = () => {};
      const poll = control.poll.bind(control);
      control.poll = async () => {
        polls++;
        if (polls === 25) control.requestStop('Stopped by a test.');
        await poll();
      };
      const stopped = await task.train(fields(method), { control });
      expect(stopped.outcome.state).toBe('interrupted');
      const start = { kind: 'start' as const, runFile: task.runFile(), overrides: [], resume: stopped.folder };
      const resumed = await trainRun(start, { control: new RunControl(), onOpened: () => {} });
      expect(resumed.state).toBe('finished');
      expectSameRun(stopped.folder, reference.folder, steps);
    },
  );
});

describe('a run that goes further than it was to', () => {
  const steps = 12;
  const fields = (budget: RunFile['budget']): Partial<RunFile> => ({
    budget,
    checkpoint: { every: 4 },
    update: { learningRate: 1e-2, warmupSteps: 8, epochsPerRollout: 2 },
    loss: { kl: { coefficient: 0.01 } },
  });
  const resume = (folder: string, overrides: string[]) =>
    trainRun(
      { kind: 'start', runFile: task.runFile(), overrides, resume: folder },
      { control: new RunControl(), onOpened: () => {} },
    );

  it('equals one that had its budget from the start, and keeps what was changed', async () => {
    const reference = await task.train(fields({ steps }));
    const { folder, outcome } = await task.train(fields({ steps: 5 }));
    expect(outcome.reason).toBe('5 steps are done.');
    expect(await resume(folder, ['budget.steps=9'])).toEqual({ state: 'finished', reason: '9 steps are done.' });
    expect(await resume(folder, ['budget.steps=12', 'checkpoint.every=3'])).toMatchObject({ state: 'finished' });
    expectSameRun(folder, reference.folder, steps);
    const { config, changes } = readRunRecord(folder);
    expect([config.budget, config.checkpoint.every]).toEqual([{ steps }, 3]);
    expect(changes?.map(({ step, fields }) => [step, describeChanges(fields)])).toEqual([
      [5, 'budget.steps 5 → 9'],
      [9, 'budget.steps 9 → 12, checkpoint.every 4 → 3'],
    ]);
    const notes = liveEvents(folder).flatMap(({ type, data }) => (type === 'note' ? [data.message] : []));
    expect(notes).toContain('Changed on resume: budget.steps 5 → 9.');
  });
});

describe('a killed run', () => {
  const steps = 60;
  const fields: Partial<RunFile> = {
    budget: { steps },
    checkpoint: { every: 4, keep: 2 },
    eval: { every: 15, prompts: 8, samples: 4, k: [1, 4] },
  };
  let reference = '';
  /** How long a process takes here and now until its run is open. */
  let startMs = 0;
  beforeAll(async () => {
    const whole = await task.start(task.runFile(fields));
    const started = performance.now();
    reference = await whole.opened;
    startMs = performance.now() - started;
    expect((await whole.ended).state).toBe('finished');
  });

  it(`equals one that was never interrupted, after kill -9 at ${kills} random instants`, {
    timeout: 400_000,
  }, async () => {
    const runFile = task.runFile(fields);
    const first = await task.start(runFile);
    const folder = await first.opened;
    await killAfterRandomTime(first);
    for (let kill = 1; kill < kills; kill++) await killAfterRandomTime(await task.start(runFile, folder));
    const last = await task.start(runFile, folder);
    expect(await last.ended).toEqual({ state: 'finished', error: undefined });
    expectSameRun(folder, reference, steps);
    const resumes = [...liveEvents(folder)].filter(({ type }) => type === 'resumed').length;
    expect(resumes).toBeGreaterThan(5);
    expect(readdirSync(folder)).not.toContain('run.lock');
  });

  /** Any instant: while it starts, samples, updates or saves. A run that ends first is resumed with nothing to do. */
  async function killAfterRandomTime(process: Awaited<ReturnType<typeof task.start>>): Promise<void> {
    const lives = sleep(startMs * (0.5 + 1.5 * Math.random()) + 1000 * Math.random()).then(() => process.kill());
    const { state, error } = await process.ended;
    if (state === 'failed') expect(error?.message).toMatch(/was ended by SIGKILL/);
    await lives;
  }
});
