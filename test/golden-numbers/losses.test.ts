// Losses, gradients and AdamW against TRL's own numbers (losses.json), on every engine that runs here.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../backend/engine/create-engine';
import type { Engine, LossForm, LossRow, ScoredRow } from '../../backend/engine/engine';
import { type Checkpoint, loadCheckpoint } from '../../backend/model/checkpoint';
import type { NamedTensors } from '../../backend/model/named-tensors';
import type { LossType } from '../../backend/protocol/run-config';
import { testedEngines } from '../setup/tested-engines';

const golden = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');

interface PolicyCase {
  lossType: LossType;
  importanceSampling: 'token' | 'sequence';
  beta: number;
  epsilonLow: number;
  epsilonHigh: number;
  scaleRewards: string;
  maxCompletionLength: number;
  advantages: number[];
  loss: number;
  gradNorm: number;
  gradNormPerParam: Record<string, number>;
  qProjLayer0GradFirst8: number[];
}
interface SftCase {
  normalize: 'token' | 'sequence';
  loss: number;
  gradNorm: number;
  gradNormPerParam: Record<string, number>;
}
interface Losses {
  model: string;
  completionsPerGroup: number;
  promptIds: number[][];
  completionIds: number[][];
  completionMask: number[][];
  oldLogProbs: number[][];
  refLogProbs: number[][];
  logProbs: number[][];
  entropies: number[][];
  policy: PolicyCase[];
  sft: SftCase[];
  adamw: {
    lr: number;
    betas: [number, number];
    eps: number;
    weightDecayMatrices: number;
    clipNorm: number;
    steps: { loss: number; gradNormBeforeClip: number; qProjLayer0First4: number[] }[];
  };
}
const data = JSON.parse(readFileSync(join(golden, 'losses.json'), 'utf8')) as Losses;
const rowCount = data.completionIds.length;
const groups = rowCount / data.completionsPerGroup;
const lengths = data.completionMask.map((mask) => mask.reduce((sum, bit) => sum + bit, 0));
const totalTokens = lengths.reduce((sum, length) => sum + length, 0);

/** The entries of one row that its mask keeps. */
const masked = (values: number[][], row: number) => Float32Array.from(values[row]!.slice(0, lengths[row]));

const scored: ScoredRow[] = data.completionIds.map((completion, row) => ({
  tokenIds: Int32Array.from([...data.promptIds[row]!, ...completion.slice(0, lengths[row])]),
  promptLength: data.promptIds[row]!.length,
  temperature: 1,
}));
const idle = { pgWeight: 0, sftWeight: 0, entropyWeight: 0, advantage: 0 };

/** METHOD.md's denominators for a step in which every group is pg. */
function pgWeight(policy: PolicyCase, row: number): number {
  if (policy.lossType === 'dr_grpo') return 1 / (rowCount * policy.maxCompletionLength);
  if (policy.lossType === 'grpo') return 1 / (groups * data.completionsPerGroup * lengths[row]!);
  return 1 / totalTokens;
}

function policyRows(policy: PolicyCase): LossRow[] {
  return scored.map((row, index) => ({
    ...row,
    ...idle,
    pgWeight: pgWeight(policy, index),
    advantage: policy.advantages[index]!,
    oldLogProbs: masked(data.oldLogProbs, index),
    refLogProbs: masked(data.refLogProbs, index),
  }));
}

function policyForm(policy: PolicyCase): LossForm {
  return {
    type: policy.lossType,
    ratio: policy.importanceSampling,
    clipLow: policy.epsilonLow,
    clipHigh: policy.epsilonHigh,
    ratioMax: policy.epsilonHigh,
    klCoefficient: policy.beta,
    klBiasCorrection: true,
  };
}

function sftRows(normalize: 'token' | 'sequence'): LossRow[] {
  return scored.map((row, index) => ({
    ...row,
    ...idle,
    sftWeight: normalize === 'token' ? 1 / totalTokens : 1 / (rowCount * lengths[index]!),
  }));
}
const sftForm: LossForm = { ...policyForm(data.policy[0]!), klCoefficient: 0 };

function norm(tensors: Iterable<{ data: Float32Array }>): number {
  let sum = 0;
  for (const { data: values } of tensors) for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

function expectNorms(gradients: NamedTensors, wanted: { gradNorm: number; gradNormPerParam: Record<string, number> }) {
  const relative = (found: number, expected: number) => Math.abs(found - expected) / expected;
  expect(relative(norm(gradients.values()), wanted.gradNorm)).toBeLessThan(2e-5);
  expect([...gradients.keys()].sort()).toEqual(Object.keys(wanted.gradNormPerParam).sort());
  for (const [name, expected] of Object.entries(wanted.gradNormPerParam)) {
    expect(relative(norm([gradients.get(name)!]), expected), name).toBeLessThan(2e-5);
  }
}

function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  for (let index = 0; index < expected.length; index++) {
    expect(Math.abs(found[index]! - expected[index]!), `entry ${index}`).toBeLessThan(tolerance);
  }
}

describe.each(testedEngines)('golden losses on %s', (kind) => {
  let engine: Engine;
  let checkpoint: Checkpoint;
  const qProj = 'model.layers.0.self_attn.q_proj.weight';

  beforeAll(async () => {
    checkpoint = await loadCheckpoint(join(golden, 'models', data.model));
    const weights = new Map([...checkpoint.weights].map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
    const options = { keepReference: false, lora: 'off', seed: 0 } as const;
    engine = await createEngine({ kind, config: checkpoint.config, weights, options });
  });
  afterAll(() => engine.dispose());

  it('log-probabilities and entropies', async () => {
    const statistics = await engine.logProbs(scored, 'policy');
    statistics.forEach(({ logProbs, entropies }, row) => {
      expectClose(logProbs, masked(data.logProbs, row), 1e-4);
      expectClose(entropies, masked(data.entropies, row), 1e-4);
    });
  });

  it.each(data.policy.map((policy, index) => ({ ...policy, index })))(
    'policy $index: $lossType, $importanceSampling ratio, beta $beta, scaled by $scaleRewards',
    async (policy) => {
      engine.clearGradients();
      const { loss, rows } = await engine.accumulate(policyForm(policy), policyRows(policy));
      const gradients = await engine.readGradients();
      expect(Math.abs(loss - policy.loss)).toBeLessThan(2e-6);
      expectNorms(gradients, policy);
      expectClose(gradients.get(qProj)!.data, policy.qProjLayer0GradFirst8, 1e-6);
      expectClose(rows[3]!.logProbs, masked(data.logProbs, 3), 1e-4);
    },
  );

  it.each(data.sft)('sft by $normalize', async (sft) => {
    engine.clearGradients();
    const { loss } = await engine.accumulate(sftForm, sftRows(sft.normalize));
    expect(Math.abs(loss - sft.loss)).toBeLessThan(2e-6);
    expectNorms(await engine.readGradients(), sft);
  });

  it('three AdamW steps with clipping and weight decay', async () => {
    const { adamw } = data;
    engine.clearGradients();
    for (const step of adamw.steps) {
      const { loss } = await engine.accumulate(sftForm, sftRows('token'));
      const { gradNorm, applied } = await engine.update({
        learningRate: adamw.lr,
        beta1: adamw.betas[0],
        beta2: adamw.betas[1],
        epsilon: adamw.eps,
        weightDecay: adamw.weightDecayMatrices,
        clipNorm: adamw.clipNorm,
      });
      expect(applied).toBe(true);
      expect(Math.abs(loss - step.loss)).toBeLessThan(1e-5);
      expect(Math.abs(gradNorm - step.gradNormBeforeClip) / step.gradNormBeforeClip).toBeLessThan(2e-5);
      expectClose((await engine.readWeights()).get(qProj)!.data, step.qProjLayer0First4, 1e-5);
    }
  });
});
