// The loop and SuperRL's step on an engine in memory: decisions and presets, budget, phases, evaluation, resume.
import { describe, expect, it } from 'vitest';
import { budgetTokens } from '../../../backend/method/budget';
import { methodNames } from '../../../backend/protocol/run-config';
import { takeUpCheckpoint } from '../../../backend/trainer/checkpoint';
import { train } from '../../../backend/trainer/train';
import { type FakeRun, type FakeRunOptions, fakeRun, MemoryLedger } from './fake-run';

/** Never solves anything. */
const hopeless = { logit: -100 };
/** Solves everything. */
const perfect = { logit: 100 };

async function trained(options: FakeRunOptions = {}): Promise<FakeRun> {
  const run = fakeRun(options);
  await train(run);
  return run;
}

function kinds(run: FakeRun): string[] {
  return run.ledger.of('decision').map(({ decision }) => decision.kind);
}

/** Rows trained on over the run, by whether they are demonstrations. */
function rows(run: FakeRun) {
  const all = run.engine.updates.flatMap((update) => update.rows);
  return { sft: all.filter((row) => row.sftWeight > 0).length, pg: all.filter((row) => row.pgWeight > 0).length };
}

describe('SuperRL', () => {
  it('learns from demonstrations where nothing is solved', async () => {
    const run = await trained({ policy: hopeless });
    expect(kinds(run)).toEqual(Array(12).fill('sft'));
    expect(rows(run)).toEqual({ sft: 12, pg: 0 });
    expect(run.ledger.metric('switch/sft_frac')).toEqual([1, 1, 1]);
    expect(run.ledger.metric('loss/pg')).toEqual([0, 0, 0]);
    expect(run.ledger.of('metrics')[0]?.phase).toBe('hybrid');
  });

  it('learns by policy gradient where something is solved, group by group', async () => {
    const run = await trained({ policy: { hopeless: (prompt) => prompt < 'p5' }, file: { budget: { steps: 5 } } });
    for (const { promptId, decision } of run.ledger.of('decision')) {
      const solvable = promptId >= 'id5';
      if (!solvable) expect(decision.kind).toBe('sft');
      expect(decision.kind).toBe(decision.successes > 0 ? 'pg' : 'sft');
    }
    expect(new Set(kinds(run))).toEqual(new Set(['pg', 'sft']));
  });

  it('skips an unsolved prompt without a demonstration, and says so when a whole step is empty', async () => {
    const run = await trained({ policy: hopeless, demonstrations: () => [] });
    expect(kinds(run)).toEqual(Array(12).fill('skip'));
    expect(run.engine.updates).toEqual([]);
    expect(run.state.step).toBe(3);
    expect(run.ledger.metric('switch/missing_demonstration')).toEqual([4, 4, 4]);
    expect(run.ledger.of('emptyStep')).toHaveLength(3);
    expect(run.ledger.of('emptyStep')[0]?.reason).toMatch(/no demonstration/);
  });

  it('updates as TRL does when groups carry no signal, leaving their zero rows out of the passes', async () => {
    const run = await trained({ policy: perfect });
    expect(kinds(run)).toEqual(Array(12).fill('pg'));
    expect(run.ledger.metric('switch/no_signal_frac')).toEqual([1, 1, 1]);
    expect(run.engine.updates.map((update) => update.rows.length)).toEqual([0, 0, 0]);
    const kept = await trained({ policy: perfect, file: { update: { dropZeroRows: false } } });
    expect(kept.engine.updates.map((update) => update.rows.length)).toEqual([16, 16, 16]);
  });

  it('decides alike whatever the batch: same prompts in two groupings', async () => {
    const decisions = async (promptsPerStep: number, steps: number) => {
      const file = {
        rollout: { promptsPerStep, k: 4, maxNewTokens: 8 },
        budget: { steps },
        update: { learningRate: 1e-12 },
      };
      const run = await trained({ file });
      return run.ledger.of('decision').map(({ promptId, decision }) => ({ promptId, kind: decision.kind }));
    };
    const [whole, prompts] = [await decisions(8, 1), 8];
    expect(whole).toHaveLength(prompts);
    // Random numbers are keyed by step, so the same step must draw the same prompts: take its first half.
    expect(await decisions(4, 1)).toEqual(whole.slice(0, 4));
  });

  it('leaves invalid completions out and keeps their reason', async () => {
    const run = await trained({
      policy: perfect,
      score: (sample) =>
        sample.group.completion === 0
          ? { ok: { invalid: 'threw', reason: 'boom' } }
          : { ok: { value: sample.group.completion === 1 ? 1 : 0 } },
    });
    expect(run.ledger.metric('rewards/invalid_frac')).toEqual([0.25, 0.25, 0.25]);
    expect(run.ledger.metric('reward')).toEqual([1 / 3, 1 / 3, 1 / 3]);
    expect(rows(run).pg).toBe(3 * 4 * 3);
    const [first] = run.ledger.of('decision');
    expect(first?.decision).toMatchObject({ valid: 3, k: 4, kind: 'pg' });
  });
});

describe('presets', () => {
  it.each(methodNames)('%s trains to the end of its budget', async (method) => {
    const run = await trained({
      policy: { hopeless: (prompt) => prompt < 'p5' },
      prompts: 40,
      file: { method, budget: { steps: 4 }, switch: { probe: { prompts: 30, rollouts: 2 } } },
    });
    expect(run.state.step).toBe(4);
    expect(run.ledger.of('metrics')).toHaveLength(4);
    expect(run.ledger.of('state').at(-1)).toEqual({ state: 'finished', reason: '4 steps are done.', step: 4 });
  });

  it('rl has no switch and no supervision', async () => {
    const run = await trained({ policy: hopeless, file: { method: 'rl' } });
    expect(new Set(kinds(run))).toEqual(new Set(['pg']));
    expect(rows(run)).toEqual({ sft: 0, pg: 0 });
    expect(run.ledger.of('metrics')[0]?.phase).toBe('rl');
  });

  it('sft samples nothing and trains every demonstration at its own learning rate', async () => {
    const run = await trained({
      file: { method: 'sft', sft: { learningRate: 0.125 }, update: { learningRate: 0.5 } },
      demonstrations: (answer) => [answer, `${answer}0`],
    });
    expect(run.engine.requests).toEqual([]);
    expect(rows(run)).toEqual({ sft: 24, pg: 0 });
    expect(run.engine.updates.map(({ settings }) => settings.learningRate)).toEqual([0.125, 0.125, 0.125]);
    expect(run.ledger.metric('sft/nll')).toEqual([1, 1, 1]);
    expect(run.state.used).toMatchObject({ prefilled: 0, generated: 0 });
  });

  it('sft passes over prompts without a demonstration, and says when there are none', async () => {
    const run = await trained({
      file: { method: 'sft' },
      demonstrations: (answer) => (Number(answer) % 2 === 0 ? [answer] : []),
    });
    expect(run.ledger.of('decision').every(({ promptId }) => Number(promptId.slice(2)) % 2 === 0)).toBe(true);
    await expect(trained({ file: { method: 'sft' }, demonstrations: () => [] })).rejects.toThrow(
      'No prompt of the training data has a usable demonstration',
    );
  });

  it('sft-then-rl changes phase at its share of the budget, with a fresh optimiser and learning rate', async () => {
    const run = await trained({
      file: {
        method: 'sft-then-rl',
        budget: { steps: 10 },
        sft: { learningRate: 0.125 },
        update: { learningRate: 0.5 },
      },
    });
    expect(run.ledger.of('metrics').map(({ phase }) => phase)).toEqual([
      ...Array(3).fill('sft'),
      ...Array(7).fill('rl'),
    ]);
    expect(run.engine.optimizerResets).toBe(1);
    expect(run.engine.updates.map(({ settings }) => settings.learningRate)).toEqual([
      ...Array(3).fill(0.125),
      ...Array(7).fill(0.5),
    ]);
  });

  it('superrl-v1 probes once and trains plain RL when dense, the fixed mix when sparse', async () => {
    const file = { method: 'superrl-v1' as const, switch: { probe: { prompts: 30, rollouts: 2 } } };
    const dense = await trained({ file, prompts: 40, policy: perfect });
    expect(dense.ledger.of('probe')).toMatchObject([{ sparse: false, prompts: 30, solved: 30 }]);
    expect(new Set(kinds(dense))).toEqual(new Set(['pg']));
    expect(dense.state.phase).toBe('rl');
    const sparse = await trained({ file, prompts: 40, policy: hopeless });
    expect(sparse.ledger.of('probe')).toMatchObject([{ sparse: true, solved: 0 }]);
    expect(new Set(kinds(sparse))).toEqual(new Set(['mix']));
    // The fixed mix weighs supervision by λ = 0.1: a mean over 4 groups of 2-token demonstrations.
    expect(sparse.engine.updates[0]?.rows.find((row) => row.sftWeight > 0)?.sftWeight).toBeCloseTo(0.1 / 4 / 3, 1);
    await expect(trained({ file, prompts: 20 })).rejects.toThrow('The training data has 20 prompts to probe, too few');
  });

  it('repeats the probe every probe.every steps', async () => {
    const file = {
      method: 'superrl-v1' as const,
      budget: { steps: 5 },
      switch: { probe: { prompts: 30, rollouts: 2, every: 2 } },
    };
    const run = await trained({ file, prompts: 40 });
    expect(run.ledger.of('probe').map(({ step }) => step)).toEqual([1, 3, 5]);
  });

  it('filter drops groups without signal, resamples, and trains what is left', async () => {
    const file = { method: 'filter' as const, filter: { maxAttempts: 3 }, budget: { steps: 2 } };
    const run = await trained({ file, policy: { hopeless: (prompt) => prompt < 'p5' } });
    const decisions = run.ledger.of('decision');
    for (const { decision } of decisions) expect(decision.kind).toBe(decision.noSignal ? 'skip' : 'pg');
    for (const step of [1, 2]) {
      const ofStep = decisions.filter((decision) => decision.step === step);
      expect(ofStep.filter(({ decision }) => decision.kind === 'pg').length).toBeLessThanOrEqual(4);
      expect(Math.max(...ofStep.map(({ attempt }) => attempt))).toBeLessThanOrEqual(2);
    }
    expect(decisions.some(({ attempt }) => attempt > 0)).toBe(true);
    expect(decisions.find(({ decision }) => decision.kind === 'skip')?.decision.reason).toMatch(
      /Dropped by the filter/,
    );
    const none = await trained({ file, policy: hopeless });
    expect(none.ledger.of('decision')).toHaveLength(2 * 3 * 4);
    expect(none.ledger.of('emptyStep')).toHaveLength(2);
  });

  it('superrl-posterior carries each prompt’s counts from visit to visit', async () => {
    const run = await trained({
      file: { method: 'superrl-posterior', budget: { steps: 10 } },
      policy: hopeless,
      prompts: 4,
    });
    expect(Object.keys(run.state.posterior).sort()).toEqual(['id0', 'id1', 'id2', 'id3']);
    // λ 0.5, four failures a visit: β → 0.5·β + 0.5 + 4, whose limit is 9.
    expect(run.state.posterior.id0?.alpha).toBe(1);
    expect(run.state.posterior.id0?.beta).toBeCloseTo(9, 1);
  });

  it('log-sigma learns its scalars, shows both weights, and raises its alarm at the floor', async () => {
    const file = {
      method: 'superrl-log-sigma' as const,
      budget: { steps: 3 },
      switch: { probe: { prompts: 30, rollouts: 2 } },
      hybrid: { sigmaLearningRate: 5 },
    };
    const run = await trained({ file, prompts: 40, policy: hopeless });
    expect(run.ledger.metric('log_sigma/pg')[0]).toBe(0);
    expect(run.ledger.metric('log_sigma/sft_weight')[0]).toBeCloseTo(Math.exp(-2), 10);
    expect(run.ledger.metric('log_sigma/pg')[1]).toBe(-2);
    const alarms = run.ledger.of('alarm').filter(({ kind }) => kind === 'sigmaAtFloor');
    expect(alarms).toHaveLength(1);
    expect(alarms[0]?.message).toMatch(/ill posed/);
  });
});

describe('update', () => {
  it('takes old log-probabilities by one pass before the first of several epochs', async () => {
    const run = await trained({ file: { update: { epochsPerRollout: 3 }, budget: { steps: 1 } } });
    expect(run.engine.scored.map(({ weights }) => weights)).toEqual(['policy']);
    expect(run.engine.updates).toHaveLength(3);
    for (const { rows: trainedRows } of run.engine.updates) {
      for (const row of trainedRows) expect(row.oldLogProbs === undefined).toBe(row.pgWeight === 0);
    }
    expect(run.state.updates).toBe(3);
  });

  it('gives the reference’s log-probabilities when there is a KL penalty', async () => {
    const run = await trained({ file: { loss: { kl: { coefficient: 0.1 } }, budget: { steps: 1 } }, policy: perfect });
    expect(run.engine.scored).toEqual([{ rows: 16, weights: 'reference' }]);
    expect(run.engine.updates[0]?.rows.every((row) => row.refLogProbs)).toBe(true);
    expect(run.ledger.metric('kl')).toEqual([0]);
  });

  it('scores completions at the rollout’s temperature and demonstrations at 1', async () => {
    const run = await trained({ file: { rollout: { temperature: 0.5 }, hybrid: { mix: 'fixed' } } });
    for (const { rows: trainedRows } of run.engine.updates) {
      for (const row of trainedRows) expect(row.temperature).toBe(row.pgWeight > 0 ? 0.5 : 1);
    }
  });

  it('leaves truncated completions out when told', async () => {
    const policy = { truncates: true };
    expect(rows(await trained({ policy })).pg).toBeGreaterThan(0);
    expect(rows(await trained({ policy, file: { rollout: { maskTruncated: true } } })).pg).toBe(0);
  });

  it('ends demonstrations as completions end, and counts those that are too long', async () => {
    const demonstrations = (answer: string) => [answer, '0123456789'];
    const of = async (onTooLong: 'skip' | 'truncate' | 'keep') =>
      trained({ policy: hopeless, demonstrations, file: { traces: { onTooLong }, budget: { steps: 1 } } });
    const lengths = (run: FakeRun) =>
      new Set(run.engine.updates.flatMap((update) => update.rows.map((row) => row.tokenIds.length - row.promptLength)));
    const skip = await of('skip');
    expect(lengths(skip)).toEqual(new Set([2]));
    expect(skip.ledger.metric('traces/too_long')).toEqual([4]);
    expect(skip.engine.updates[0]?.rows[0]?.tokenIds.at(-1)).toBe(skip.tokenizer.eosIds[0]);
    const truncate = await of('truncate');
    expect(lengths(truncate)).toEqual(new Set([2, 8]));
    expect(truncate.ledger.metric('traces/truncated')).toEqual([4]);
    expect(lengths(await of('keep'))).toEqual(new Set([2, 11]));
  });
});

describe('budget and evaluation', () => {
  it('counts prefilled + generated + 3 × trained and ends at the first limit', async () => {
    const run = await trained({ file: { budget: { steps: 100, tokens: 500 } }, policy: hopeless });
    // A step prefills 4 × 2, generates 16 × 3, trains 4 × (2 + 2).
    expect(run.state.used).toEqual({ prefilled: 8 * 5, generated: 48 * 5, trained: 16 * 5 });
    expect(budgetTokens(run.state.used)).toBe(520);
    expect(run.ledger.of('state').at(-1)?.reason).toBe('The budget of 500 tokens is used.');
    expect(run.ledger.of('metrics').map(({ progress }) => progress)).toEqual([0.208, 0.416, 0.624, 0.832, 1]);
  });

  it('lets the schedule follow the budget', async () => {
    const run = await trained({ file: { update: { schedule: 'linear', learningRate: 1 }, budget: { steps: 4 } } });
    expect(run.engine.updates.map(({ settings }) => settings.learningRate)).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it('evaluates at the start, every N steps and at the end, on the same prompts and numbers', async () => {
    const file = {
      eval: { every: 2, prompts: 6, samples: 4, k: [1, 4] },
      budget: { steps: 5 },
      update: { learningRate: 1e-12 },
    };
    const run = await trained({ file, policy: { logit: 0.5 } });
    const evaluations = run.ledger.of('evaluation');
    expect(evaluations.map(({ step }) => step)).toEqual([0, 2, 4, 5]);
    for (const { values, intervals, prompts } of evaluations) {
      expect(values).toEqual(evaluations[0]?.values);
      expect(prompts).toBe(6);
      const [low, high] = intervals['eval/pass@1']!;
      expect(low).toBeLessThanOrEqual(Number(values['eval/pass@1']));
      expect(high).toBeGreaterThanOrEqual(Number(values['eval/pass@1']));
    }
    expect(Number(evaluations[0]?.values['eval/pass@4'])).toBeGreaterThan(
      Number(evaluations[0]?.values['eval/pass@1']),
    );
    expect(run.ledger.metric('time/eval').map((value) => value !== undefined)).toEqual([
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('keeps the best evaluation’s checkpoint, and the newest', async () => {
    const file = { eval: { every: 1, prompts: 10, samples: 8 }, budget: { steps: 6 }, update: { learningRate: 2 } };
    const run = await trained({ file, policy: { logit: -3 } });
    const best = run.ledger.checkpoints.filter((checkpoint) => checkpoint.best).at(-1);
    expect(best?.state.step).toBe(run.state.bestEvaluation?.step);
    expect(run.ledger.checkpoints.at(-1)?.state.step).toBe(6);
    expect(run.ledger.summary).toMatchObject({ state: 'finished', step: 6, bestEvaluation: { name: 'eval/pass@1' } });
  });

  it('counts an evaluation’s invalid rewards instead of taking them for failures', async () => {
    const score = (sample: { group: { completion: number } }) =>
      sample.group.completion % 2 === 0 ? { ok: { value: 1 } } : { ok: { invalid: 'threw' as const, reason: 'boom' } };
    const file = { eval: { every: 1, prompts: 4, samples: 4, k: [1, 2] }, budget: { steps: 1 } };
    const run = await trained({ file, score });
    expect(run.ledger.of('evaluation')[0]?.values).toMatchObject({
      'eval/pass@1': 1,
      'eval/pass@2': 1,
      'eval/invalid_frac': 0.5,
    });
  });
});

describe('resume', () => {
  it.each(methodNames)('%s: continuing from any checkpoint equals never stopping', async (method) => {
    const options = (): FakeRunOptions => ({
      prompts: 40,
      policy: { logit: -1, hopeless: (prompt) => prompt < 'p2' },
      file: {
        method,
        budget: { steps: 6 },
        checkpoint: { every: 1 },
        eval: { every: 2, prompts: 4, samples: 2, k: [1] },
        update: { learningRate: 0.5, schedule: 'cosine' },
        switch: { probe: { prompts: 30, rollouts: 2, every: 3 } },
      },
    });
    const whole = await trained(options());
    for (const stopAfter of [1, 2, 4, 5]) {
      const stored = whole.ledger.checkpoints.find(({ state }) => state.step === stopAfter)!;
      const run = fakeRun(options());
      Object.assign(run.state, structuredClone(stored.state));
      await takeUpCheckpoint(run, structuredClone(stored));
      await train(run);
      const steps = (ledger: MemoryLedger) => ledger.of('decision').filter(({ step }) => step > stopAfter);
      expect(steps(run.ledger)).toEqual(steps(whole.ledger));
      for (let step = stopAfter + 1; step <= 6; step++) {
        expect(run.ledger.samples.get(step)).toEqual(whole.ledger.samples.get(step));
      }
      expect(await run.engine.readWeights()).toEqual(await whole.engine.readWeights());
      expect(withoutTimes(run)).toEqual(withoutTimes(whole));
    }
  });

  it('reuses the rewards that the interrupted run has logged for the same completions', async () => {
    const ledger = new MemoryLedger();
    await trained({ ledger });
    const again = fakeRun({ ledger, score: () => ({ ok: { invalid: 'timeout', reason: 'too slow this time' } }) });
    await train(again);
    expect(again.scoredSamples).toEqual([]);
    expect(again.ledger.metric('rewards/invalid_frac')).toEqual(Array(6).fill(0));
  });

  it('scores anew what the log holds for other tokens', async () => {
    const ledger = new MemoryLedger();
    await trained({ ledger, policy: perfect });
    const again = fakeRun({ ledger, policy: hopeless });
    await train(again);
    expect(again.scoredSamples).toHaveLength(48);
  });
});

function withoutTimes({ state }: FakeRun) {
  return { ...state, elapsedMs: 0 };
}
