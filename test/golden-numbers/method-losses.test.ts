// The float64 method against TRL's own numbers (losses.json), from its log-probabilities alone: advantages and the
// loss of every setting, through the same plan and token losses that the trainer uses. No model, no engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type AdvantageScaling, stepAdvantages } from '../../backend/method/advantages';
import { readRunConfig } from '../../backend/method/config-checks';
import { planUpdate, type UpdateGroup } from '../../backend/method/hybrid-actor';
import { lossForm } from '../../backend/method/loss-form';
import { stepLoss, tokenMean } from '../../backend/method/policy-loss';
import type { LossType, RunConfig } from '../../backend/protocol/run-config';

const TOLERANCE = 4e-6;

interface PolicyCase {
  lossType: LossType;
  importanceSampling: 'token' | 'sequence';
  beta: number;
  epsilonLow: number;
  epsilonHigh: number;
  scaleRewards: AdvantageScaling;
  maxCompletionLength: number;
  advantages: number[];
  loss: number;
}
interface Golden {
  groups: number;
  completionsPerGroup: number;
  completionMask: number[][];
  rewards: number[];
  oldLogProbs: number[][];
  refLogProbs: number[][];
  logProbs: number[][];
  entropies: number[][];
  policy: PolicyCase[];
  sft: { normalize: 'sequence' | 'token'; loss: number }[];
}

const directory = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');
const golden: Golden = JSON.parse(readFileSync(join(directory, 'losses.json'), 'utf8'));

const lengths = golden.completionMask.map((mask) => mask.reduce((sum, on) => sum + on, 0));
const groupOf = (values: readonly number[]) =>
  Array.from({ length: golden.groups }, (_, x) =>
    values.slice(x * golden.completionsPerGroup, (x + 1) * golden.completionsPerGroup),
  );
const completion = (row: { group: number; index: number }) => row.group * golden.completionsPerGroup + row.index;

function configWith(...overrides: string[]): RunConfig {
  const text = JSON.stringify({
    ...{ name: 'golden', method: 'superrl', model: 'model', data: { train: 'train.jsonl' }, traces: {} },
    ...{ rewards: [{ name: 'answer', use: 'exact' }], budget: { steps: 1 } },
  });
  const { config, problems } = readRunConfig(text, 'golden.superrl.json', overrides);
  if (!config) throw new Error(problems.map(({ message }) => message).join('\n'));
  return config;
}

/** The whole batch as one step of pg or sft groups; with the rows' numbers from the golden set. */
function lossOf(config: RunConfig, kind: 'pg' | 'sft', advantages: readonly number[], form = lossForm(config)): number {
  const tokens = groupOf(lengths);
  const groups: UpdateGroup[] = groupOf(advantages).map((group, x) => ({
    kind,
    completions: group.map((advantage, k) => ({ advantage, tokens: tokens[x]![k]!, truncated: false })),
    demonstrations: tokens[x]!,
  }));
  const { rows } = planUpdate(groups, config, { pg: 1, sft: 1, mix: 0 });
  const seen = rows.map((row) => {
    const cut = (values: readonly number[][]) => values[completion(row)]!.slice(0, lengths[completion(row)]);
    return {
      ...row,
      ...{ logProbs: cut(golden.logProbs), oldLogProbs: cut(golden.oldLogProbs), refLogProbs: cut(golden.refLogProbs) },
      entropies: cut(golden.entropies),
    };
  });
  return stepLoss(form, seen).total;
}

describe.each(
  golden.policy.map((setting) => ({
    ...setting,
    title: JSON.stringify([setting.lossType, setting.importanceSampling, setting.beta, setting.scaleRewards]),
  })),
)('$title', (setting) => {
  const advantages = stepAdvantages(groupOf(golden.rewards), setting.scaleRewards).flatMap((group) =>
    group.map((advantage) => advantage ?? Number.NaN),
  );

  it('advantages', () => {
    advantages.forEach((advantage, index) => {
      expect(Math.abs(advantage - setting.advantages[index]!)).toBeLessThanOrEqual(TOLERANCE);
    });
  });

  it('loss', () => {
    const type = setting.lossType === 'grpo' && setting.importanceSampling === 'sequence' ? 'gspo' : setting.lossType;
    const clips =
      type === 'cispo'
        ? { ratioMax: setting.epsilonHigh }
        : { clipLow: setting.epsilonLow, clipHigh: setting.epsilonHigh };
    const config = configWith(
      `loss=${JSON.stringify({ type, ...clips, kl: { coefficient: setting.beta } })}`,
      `rollout.maxNewTokens=${setting.maxCompletionLength}`,
    );
    expect(lossForm(config).ratio).toBe(setting.importanceSampling);
    expect(Math.abs(lossOf(config, 'pg', advantages) - setting.loss)).toBeLessThanOrEqual(TOLERANCE);
  });
});

describe.each(golden.sft)('sft $normalize', ({ normalize, loss }) => {
  it('loss', () => {
    const config = configWith(`sft.normalize=${normalize}`);
    expect(Math.abs(lossOf(config, 'sft', golden.rewards) - loss)).toBeLessThanOrEqual(TOLERANCE);
  });
});

it('the token normalisation of SFT is the token mean', () => {
  const rows = golden.logProbs.map((row, index) => row.slice(0, lengths[index]));
  expect(-tokenMean(rows)).toBeCloseTo(golden.sft.find(({ normalize }) => normalize === 'token')!.loss, 5);
});
