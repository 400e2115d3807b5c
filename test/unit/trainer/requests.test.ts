// Requests of a person and what a run does when it can't go on: stop, pause, checkpoint, alarms.
import { describe, expect, it } from 'vitest';
import type { RewardOutcome } from '../../../backend/protocol/sample';
import { train } from '../../../backend/trainer/train';
import { fakeRun } from './fake-run';

const many = { budget: { steps: 50 } };

describe('requests', () => {
  it('stop finishes the step, saves, and ends as interrupted', async () => {
    const run = fakeRun({ file: many });
    run.ledger.onAppend = (type, data) => {
      if (type === 'decision' && (data as { step: number }).step === 3) run.control.requestStop('Stopped by a test.');
    };
    const outcome = await train(run);
    expect(outcome).toEqual({ state: 'interrupted', reason: 'Stopped by a test.' });
    expect(run.state.step).toBe(3);
    expect(run.ledger.checkpoints.map(({ state }) => state.step)).toEqual([3]);
    expect(run.ledger.of('state').map(({ state }) => state)).toEqual(['running', 'stopping', 'interrupted']);
  });

  it('stop leaves an evaluation, which a resumed run makes up for', async () => {
    const file = { ...many, eval: { every: 2, prompts: 8, samples: 4, k: [1] } };
    const run = fakeRun({ file });
    run.ledger.onAppend = (type, data) => {
      if (type === 'phase' && (data as { phase: string; step: number }).phase === 'eval' && run.state.step === 2)
        run.control.requestStop('Stopped by a test.');
    };
    await train(run);
    expect(run.ledger.of('evaluation').map(({ step }) => step)).toEqual([0]);
    const resumed = fakeRun({ file: { ...file, budget: { steps: 3 } } });
    Object.assign(resumed.state, run.ledger.checkpoints.at(-1)?.state);
    await train(resumed);
    expect(resumed.ledger.of('evaluation').map(({ step }) => step)).toEqual([2, 3]);
  });

  it('pause holds until resume, and its time counts nowhere', async () => {
    const run = fakeRun({ file: { budget: { steps: 2 } } });
    let clock = 0;
    Object.assign(run, { now: () => clock });
    run.ledger.onAppend = (type, data) => {
      clock++;
      if (type === 'metrics' && run.state.step === 1) run.control.requestPause('Paused by a test.');
      if (type === 'state' && (data as { state: string }).state === 'paused') {
        setTimeout(() => {
          clock += 1e9;
          run.control.requestResume();
        });
      }
    };
    await train(run);
    expect(run.ledger.of('state').map(({ state }) => state)).toEqual(['running', 'paused', 'running', 'finished']);
    expect(run.state.elapsedMs).toBeLessThan(1000);
  });

  it('stop ends a pause', async () => {
    const run = fakeRun({ file: many });
    run.ledger.onAppend = (type, data) => {
      if (type === 'metrics' && run.state.step === 1) run.control.requestPause('Paused by a test.');
      if (type === 'state' && (data as { state: string }).state === 'paused')
        setTimeout(() => run.control.requestStop('Stopped by a test.'));
    };
    expect((await train(run)).state).toBe('interrupted');
    expect(run.state.step).toBe(1);
  });

  it('takes requests from outside the process at its polls', async () => {
    const run = fakeRun({ file: many });
    const requests = [{ action: 'checkpoint', by: 'a test' }] as { action: 'checkpoint' | 'stop'; by: string }[];
    run.control.readRequestsFrom(() => requests.splice(0));
    run.ledger.onAppend = (type) => {
      if (type === 'metrics' && run.state.step === 3) requests.push({ action: 'stop', by: 'superrl stop' });
    };
    const outcome = await train(run);
    expect(outcome.reason).toBe('Stopped by superrl stop.');
    expect(run.ledger.checkpoints.map(({ state }) => state.step)).toEqual([1, 3]);
  });
});

describe('alarms', () => {
  const kindsOf = (run: ReturnType<typeof fakeRun>) =>
    run.ledger.of('alarm').map(({ kind, step }) => `${kind} ${step}`);

  it('nonFinite leaves the update out and keeps the last good weights', async () => {
    const run = fakeRun({ file: { budget: { steps: 4 } } });
    const weights: unknown[] = [];
    run.engine.poison = () => (run.state.step === 1 ? Number.NaN : 0);
    run.ledger.onAppend = async (type) => {
      if (type === 'metrics') weights.push((await run.engine.readWeights()).get('w')?.data[0]);
    };
    await train(run);
    expect(kindsOf(run)).toEqual(['nonFinite 2']);
    expect(weights[1]).toBe(weights[0]);
    expect(weights[2]).not.toBe(weights[1]);
    expect(run.state.updates).toBe(3);
    expect(run.ledger.metric('grad_norm')[1]).toBe('NaN');
  });

  it('gives up after three non-finite steps in a row, with the last good weights saved', async () => {
    const run = fakeRun({ file: { budget: { steps: 9 } } });
    run.engine.poison = () => (run.state.step >= 2 ? Number.POSITIVE_INFINITY : 0);
    await expect(train(run)).rejects.toThrow('was NaN or infinite in 3 steps in a row, so the run has ended.');
    expect(run.ledger.checkpoints.at(-1)?.state).toMatchObject({ step: 5, updates: 2 });
    expect(kindsOf(run)).toEqual(['nonFinite 3']);
  });

  it('invalidRewards pauses; on resume the rewards are loaded anew and scored again', async () => {
    let broken = true;
    const score = (): Record<string, RewardOutcome> => ({
      ok: broken ? { invalid: 'threw', reason: 'boom' } : { value: 1 },
    });
    const run = fakeRun({ score, file: { budget: { steps: 1 } } });
    run.ledger.onAppend = (type, data) => {
      if (type !== 'state' || (data as { state: string }).state !== 'paused') return;
      broken = run.scorers === 0;
      setTimeout(() => run.control.requestResume());
    };
    await train(run);
    expect(kindsOf(run)).toEqual(['invalidRewards 1', 'invalidRewards 1']);
    expect(run.ledger.of('alarmOver')).toEqual([
      { step: 1, kind: 'invalidRewards', message: 'The rewards are valid again, and the run goes on.' },
    ]);
    expect(run.ledger.of('alarm')[0]?.message).toBe(
      '16 of 16 completions have no valid reward, more than maxInvalidShare allows. The first: ok: boom.',
    );
    expect(run.scorers).toBe(2);
    expect(run.ledger.metric('rewards/invalid_frac')).toEqual([0]);
  });

  it('a stop while rewards are invalid leaves the step undone', async () => {
    const run = fakeRun({ score: () => ({ ok: { invalid: 'threw', reason: 'boom' } }), file: many });
    run.ledger.onAppend = (type) => {
      if (type === 'alarm') setTimeout(() => run.control.requestStop('Stopped by a test.'));
    };
    await train(run);
    expect(run.state).toMatchObject({ step: 0, drawn: 0, used: { prefilled: 0, generated: 0, trained: 0 } });
    expect(run.engine.updates).toEqual([]);
  });

  it('allTruncated when every completion is cut off, told once', async () => {
    const run = fakeRun({ policy: { truncates: true } });
    await train(run);
    expect(kindsOf(run)).toEqual(['allTruncated 1']);
  });

  it('zeroSignal after twenty steps without a gradient', async () => {
    const run = fakeRun({ file: { method: 'rl', budget: { steps: 25 } }, policy: { logit: -100 } });
    await train(run);
    expect(kindsOf(run)).toEqual(['zeroSignal 20']);
    expect(run.ledger.of('alarm')[0]?.advice).toMatch(/Nothing is rewarded/);
  });

  it('entropyCollapse when entropy has gone and the task is not solved', async () => {
    const run = fakeRun({
      file: { budget: { steps: 12 }, update: { learningRate: 1e-9 } },
      policy: { entropy: () => (run.state.step < 6 ? 2 : 0.01) },
    });
    await train(run);
    expect(kindsOf(run)).toEqual(['entropyCollapse 11']);
  });

  it('tracesUnrewarded when the policy says its traces and the reward is 0', async () => {
    const unrewarded = fakeRun({ policy: { logit: 100 }, score: () => ({ ok: { value: 0 } }) });
    await train(unrewarded);
    expect(kindsOf(unrewarded)).toEqual(['tracesUnrewarded 3']);
    const other = fakeRun({ policy: { logit: -100 }, score: () => ({ ok: { value: 0 } }) });
    await train(other);
    expect(kindsOf(other)).toEqual([]);
  });

  it('formatMasksFailure when shaping rewards differ where nothing is correct', async () => {
    const rewards = [
      { name: 'ok', use: 'exact' as const },
      { name: 'format', use: 'format' as const },
    ];
    const run = fakeRun({
      file: { rewards },
      policy: { logit: -100 },
      score: (sample) => ({ ok: { value: 0 }, format: { value: sample.group.completion % 2 } }),
    });
    await train(run);
    expect(kindsOf(run)).toEqual(['formatMasksFailure 1']);
    expect(run.ledger.metric('switch/masked_by_shaping')).toEqual([4, 4, 4]);
    expect(run.ledger.of('decision').every(({ decision }) => decision.kind === 'sft')).toBe(true);
  });
});
