// The weights of planUpdate against METHOD.md's formulas written out a second time, group by group, in float64;
// and accumulation invariance at the level of weights: any split of the rows has the same loss.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type HybridWeights,
  hasZeroGradient,
  hybridWeights,
  planUpdate,
  type UpdateGroup,
} from '../../../backend/method/hybrid-actor';
import { initialLogSigma } from '../../../backend/method/log-sigma';
import { lossForm } from '../../../backend/method/loss-form';
import { type SeenRow, stepLoss, tokenLosses } from '../../../backend/method/policy-loss';
import { uniformStream } from '../../../backend/method/random';
import { decisionKinds } from '../../../backend/protocol/decision';
import type { LossType, RunConfig } from '../../../backend/protocol/run-config';
import { fullConfig } from './full-config';

const lossTypes: LossType[] = ['grpo', 'bnpo', 'dapo', 'dr_grpo', 'gspo', 'cispo', 'reinforce'];

/** What a model could have said of each row of a step: any numbers do. */
interface Numbers {
  completions: SeenRow[][];
  demonstrations: SeenRow[][];
}

function numbersFor(groups: readonly UpdateGroup[], seed: number): Numbers {
  const uniform = uniformStream(seed, 'sample', 'numbers');
  let drawn = 0;
  const some = (count: number, low: number, high: number) =>
    Float64Array.from({ length: count }, () => low + (high - low) * uniform(drawn++));
  const row = (tokens: number, advantage: number | null): SeenRow => ({
    advantage: advantage ?? 0,
    ...{ pgWeight: 0, sftWeight: 0, entropyWeight: 0 },
    logProbs: some(tokens, -4, -0.1),
    oldLogProbs: some(tokens, -4, -0.1),
    refLogProbs: some(tokens, -4, -0.1),
    entropies: some(tokens, 0, 3),
  });
  return {
    completions: groups.map((group) => group.completions.map(({ tokens, advantage }) => row(tokens, advantage))),
    demonstrations: groups.map((group) => group.demonstrations.map((tokens) => row(tokens, 0))),
  };
}

const sumOf = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
const mean = (values: number[]) => (values.length === 0 ? 0 : sumOf(values) / values.length);

/** The step loss by METHOD.md, "One optimiser step", formula by formula. */
function lossByFormula(
  groups: readonly UpdateGroup[],
  numbers: Numbers,
  config: RunConfig,
  weights: HybridWeights,
): number {
  const form = lossForm(config);
  const a = (group: UpdateGroup) => ({ pg: weights.pg, mix: weights.pg, sft: 0, skip: 0 })[group.kind];
  const b = (group: UpdateGroup) => ({ pg: 0, mix: weights.mix, sft: weights.sft, skip: 0 })[group.kind];
  const n = groups.filter(({ kind }) => kind !== 'skip').length;
  if (n === 0) return 0;
  const p = groups.filter((group) => a(group) > 0).length;
  const s = groups.filter((group) => b(group) > 0).length;
  const valid = (x: number) => numbers.completions[x]!.filter((_, k) => groups[x]!.completions[k]!.advantage !== null);
  const inPg = groups.flatMap((group, x) => (a(group) > 0 ? valid(x) : []));
  const pgTokens = sumOf(inPg.map((row) => row.logProbs.length));
  const sequenceSum = (row: SeenRow) => sumOf(tokenLosses(form, row).losses);

  let pg = 0;
  groups.forEach((group, x) => {
    if (['dapo', 'bnpo', 'cispo'].includes(config.loss.type)) {
      if (pgTokens > 0) pg += ((p / n) * a(group) * sumOf(valid(x).map(sequenceSum))) / pgTokens;
    } else {
      const length = (row: SeenRow) =>
        config.loss.type === 'dr_grpo' ? config.rollout.maxNewTokens : row.logProbs.length;
      pg += (a(group) * mean(valid(x).map((row) => sequenceSum(row) / length(row)))) / n;
    }
  });

  let sft = 0;
  const sftTokens = sumOf(groups.flatMap((group) => (b(group) > 0 ? group.demonstrations : [])));
  groups.forEach((group, x) => {
    const rows = numbers.demonstrations[x]!;
    if (config.sft.normalize === 'token') {
      if (sftTokens > 0) sft += ((s / n) * b(group) * sumOf(rows.map((row) => -sumOf(row.logProbs)))) / sftTokens;
    } else sft += (b(group) * mean(rows.map((row) => -sumOf(row.logProbs) / row.logProbs.length))) / n;
  });

  const entropy = pgTokens > 0 ? sumOf(inPg.map((row) => sumOf(row.entropies))) / pgTokens : 0;
  return pg + sft - config.loss.entropyCoefficient * (p / n) * entropy;
}

function seenRows(
  groups: readonly UpdateGroup[],
  numbers: Numbers,
  config: RunConfig,
  weights: HybridWeights,
): SeenRow[] {
  return planUpdate(groups, config, weights).rows.map((row) => {
    const seen = (row.source === 'completion' ? numbers.completions : numbers.demonstrations)[row.group]![row.index]!;
    return { ...seen, ...row };
  });
}

const group: fc.Arbitrary<UpdateGroup> = fc.record({
  kind: fc.constantFrom(...decisionKinds),
  completions: fc.array(
    fc.record({
      tokens: fc.integer({ min: 1, max: 12 }),
      advantage: fc.oneof({ weight: 4, arbitrary: fc.double({ min: -2, max: 2, noNaN: true }) }, fc.constant(null)),
      truncated: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  demonstrations: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
});
const groups = fc.array(group, { minLength: 1, maxLength: 6 });

describe.each(lossTypes)('%s', (type) => {
  const configs = (['sequence', 'token'] as const).map((normalize) =>
    fullConfig(
      `loss.type=${type}`,
      `sft.normalize=${normalize}`,
      'loss.entropyCoefficient=0.3',
      'loss.kl.coefficient=0.1',
    ),
  );
  const weights: HybridWeights = { pg: 0.7, sft: 1.3, mix: 0.2 };

  it('Σ over rows is the loss of METHOD.md, for mixed decisions', () => {
    fc.assert(
      fc.property(groups, fc.nat(), fc.constantFrom(...configs), (step, seed, config) => {
        const numbers = numbersFor(step, seed);
        const expected = lossByFormula(step, numbers, config, weights);
        const { total } = stepLoss(lossForm(config), seenRows(step, numbers, config, weights));
        expect(Math.abs(total - expected)).toBeLessThanOrEqual(1e-10 * Math.max(1, Math.abs(expected)));
      }),
      { numRuns: 200 },
    );
  });

  it('any split into micro-batches, in any order, adds up to the same loss', () => {
    fc.assert(
      fc.property(groups, fc.nat(), fc.integer({ min: 1, max: 5 }), (step, seed, size) => {
        const [config] = configs;
        const rows = seenRows(step, numbersFor(step, seed), config!, weights);
        const form = lossForm(config!);
        const whole = stepLoss(form, rows).total;
        const shuffled = [...rows].reverse();
        let split = 0;
        for (let from = 0; from < rows.length; from += size)
          split += stepLoss(form, shuffled.slice(from, from + size)).total;
        expect(Math.abs(split - whole)).toBeLessThanOrEqual(1e-11 * Math.max(1, Math.abs(whole)));
      }),
    );
  });
});

describe('planUpdate', () => {
  const completion = (tokens: number, advantage: number | null = 1, truncated = false) => ({
    tokens,
    advantage,
    truncated,
  });
  const plain = { pg: 1, sft: 1, mix: 0.1 };

  it('counts N, P and S', () => {
    const step: UpdateGroup[] = [
      { kind: 'pg', completions: [completion(2)], demonstrations: [3] },
      { kind: 'sft', completions: [completion(2)], demonstrations: [3, 4] },
      { kind: 'mix', completions: [completion(2)], demonstrations: [3] },
      { kind: 'skip', completions: [completion(2)], demonstrations: [] },
    ];
    const plan = planUpdate(step, fullConfig(), plain);
    expect(plan).toMatchObject({ groups: 3, pgGroups: 2, sftGroups: 2 });
    expect(plan.rows.map(({ group, source, index }) => [group, source, index])).toEqual([
      [0, 'completion', 0],
      [1, 'demonstration', 0],
      [1, 'demonstration', 1],
      [2, 'completion', 0],
      [2, 'demonstration', 0],
    ]);
    expect(planUpdate(step, fullConfig(), { ...plain, mix: 0 })).toMatchObject({
      groups: 3,
      pgGroups: 2,
      sftGroups: 1,
    });
  });

  it('has no rows when every group is skipped', () => {
    const plan = planUpdate([{ kind: 'skip', completions: [completion(2)], demonstrations: [] }], fullConfig(), plain);
    expect(plan).toMatchObject({ rows: [], groups: 0 });
  });

  it('leaves truncated completions out only with maskTruncated', () => {
    const step: UpdateGroup[] = [
      { kind: 'pg', completions: [completion(2), completion(6, -1, true)], demonstrations: [] },
    ];
    expect(planUpdate(step, fullConfig(), plain).rows.map(({ pgWeight }) => pgWeight)).toEqual([1 / 4, 1 / 12]);
    const masked = planUpdate(step, fullConfig('rollout.maskTruncated=true'), plain);
    expect(masked.rows.map(({ index, pgWeight }) => [index, pgWeight])).toEqual([[0, 1 / 2]]);
    expect(masked.pgGroups).toBe(1);
  });

  it('knows which rows have no gradient', () => {
    const [row] = planUpdate(
      [{ kind: 'pg', completions: [completion(2, 0)], demonstrations: [] }],
      fullConfig(),
      plain,
    ).rows;
    expect(hasZeroGradient(row!, fullConfig())).toBe(true);
    expect(hasZeroGradient({ ...row!, advantage: 1 }, fullConfig())).toBe(false);
    expect(hasZeroGradient(row!, fullConfig('loss.kl.coefficient=0.1'))).toBe(false);
    expect(hasZeroGradient({ ...row!, entropyWeight: 0.1 }, fullConfig())).toBe(false);
    expect(hasZeroGradient({ ...row!, sftWeight: 0.1 }, fullConfig())).toBe(false);
  });
});

describe('hybridWeights', () => {
  it('gated and fixed weigh PG by 1, sft groups by sftCoefficient and mix groups by λ', () => {
    const { hybrid } = fullConfig('method=fixed-mix', 'hybrid.sftCoefficient=0.5');
    expect(hybridWeights(hybrid, 'hybrid', 0.5, null)).toEqual({ pg: 1, sft: 0.5, mix: 0.1 });
  });

  it('λ follows its schedule', () => {
    const lambdas = (shape: string) => {
      const { hybrid } = fullConfig('method=fixed-mix', `hybrid.lambdaSchedule=${shape}`, 'hybrid.lambda=0.4');
      return [0, 0.5, 1].map((progress) => hybridWeights(hybrid, 'hybrid', progress, null).mix);
    };
    expect(lambdas('constant')).toEqual([0.4, 0.4, 0.4]);
    expect(lambdas('linear')).toEqual([0.4, 0.2, 0]);
    expect(lambdas('cosine')[1]).toBeCloseTo(0.2, 12);
  });

  it('log-sigma weighs by e^(−2s), in the hybrid phase only', () => {
    const { hybrid } = fullConfig('method=superrl-log-sigma');
    expect(hybridWeights(hybrid, 'hybrid', 0, initialLogSigma)).toEqual({ pg: 1, sft: 1, mix: Math.exp(-2) });
    expect(hybridWeights(hybrid, 'rl', 0, { ...initialLogSigma, pg: -1 }).pg).toBe(1);
    expect(() => hybridWeights(hybrid, 'hybrid', 0, null)).toThrow('Mix log-sigma needs its state.');
  });
});
