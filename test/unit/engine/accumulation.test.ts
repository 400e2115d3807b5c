// Accumulation invariance (METHOD.md): any split of a step into calls and micro-batches gives the same gradient, for
// every loss and for steps that mix sft and pg rows; and the traced engine agrees with the reference engine.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, EnginePlan, LossForm, LossRow } from '../../../backend/engine/engine';
import type { ModelConfig } from '../../../backend/model/model-config';
import type { NamedTensors } from '../../../backend/model/named-tensors';
import { randomWeights, smallModel } from './small-model';

const config: ModelConfig = { ...smallModel, qkvBias: true };
const weights = randomWeights(config, 1);

function engineWith(kind: 'onnx' | 'reference', plan: Partial<EnginePlan>): Promise<Engine> {
  const copy = new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
  return createEngine({ kind, config, weights: copy, options: { plan, keepReference: false, lora: 'off', seed: 0 } });
}

const form = (type: LossForm['type'], more: Partial<LossForm> = {}): LossForm => ({
  type,
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.28,
  ratioMax: 1.1,
  klCoefficient: 0,
  klBiasCorrection: true,
  ...more,
});

/** A step's rows: pg rows at temperature 0.8 with old and reference log-probabilities, sft rows at 1. */
function mixedRows(entropyWeight: number): LossRow[] {
  const random = sequence(7);
  return Array.from({ length: 14 }, (_, index) => {
    const promptLength = 1 + Math.floor(random() * 6);
    const completion = 1 + Math.floor(random() * 12);
    const length = promptLength + completion;
    const common = {
      tokenIds: Int32Array.from({ length }, () => Math.floor(random() * config.vocabularySize)),
      promptLength,
    };
    if (index % 5 === 4) {
      return { ...common, temperature: 1, pgWeight: 0, sftWeight: 0.3 / completion, entropyWeight: 0, advantage: 0 };
    }
    return {
      ...common,
      temperature: 0.8,
      pgWeight: 0.1 / completion,
      sftWeight: 0,
      entropyWeight,
      advantage: random() * 2 - 1,
      oldLogProbs: Float32Array.from({ length: completion }, () => -2.9 - random() * 0.6),
      refLogProbs: Float32Array.from({ length: completion }, () => -2.9 - random() * 0.6),
    };
  });
}

function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function relativeDistance(a: NamedTensors, b: NamedTensors): number {
  let distance = 0;
  let size = 0;
  for (const [name, { data }] of a) {
    const other = b.get(name)!.data;
    data.forEach((value, index) => {
      distance += (value - other[index]!) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(distance / size);
}

async function gradientOf(engine: Engine, loss: LossForm, calls: LossRow[][]) {
  engine.clearGradients();
  let total = 0;
  for (const rows of calls) total += (await engine.accumulate(loss, rows)).loss;
  return { loss: total, gradients: await engine.readGradients() };
}

const forms: [string, LossForm, number][] = [
  ['grpo', form('grpo'), 0],
  ['grpo with KL and entropy', form('grpo', { klCoefficient: 0.3 }), 0.02],
  ['bnpo', form('bnpo'), 0],
  ['dapo with plain k3', form('dapo', { klCoefficient: 0.3, klBiasCorrection: false }), 0],
  ['dr_grpo', form('dr_grpo'), 0],
  ['gspo with KL', form('gspo', { ratio: 'sequence', klCoefficient: 0.3 }), 0],
  ['cispo', form('cispo'), 0],
  ['reinforce with entropy', form('reinforce'), 0.02],
];

describe.each(forms)('%s', (_, loss, entropyWeight) => {
  let whole: Engine;
  let split: Engine;
  let reference: Engine;
  const rows = mixedRows(entropyWeight);

  beforeAll(async () => {
    whole = await engineWith('onnx', { microBatchTokens: 4096, tokenBucket: 32 });
    split = await engineWith('onnx', { microBatchTokens: 24, tokenBucket: 8 });
    reference = await engineWith('reference', {});
  });
  afterAll(async () => {
    await Promise.all([whole.dispose(), split.dispose(), reference.dispose()]);
  });

  it('has one gradient however the rows are split', async () => {
    const one = await gradientOf(whole, loss, [rows]);
    const perRow = rows.map((row) => [row]);
    for (const [engine, calls] of [
      [split, [rows]],
      [split, [rows.slice(5).reverse(), rows.slice(0, 5)]],
      [whole, perRow],
    ] as const) {
      const other = await gradientOf(
        engine,
        loss,
        calls.map((call) => [...call]),
      );
      expect(relativeDistance(one.gradients, other.gradients)).toBeLessThan(1e-5);
      expect(Math.abs(one.loss - other.loss)).toBeLessThan(1e-6);
    }
  });

  it('agrees with the reference engine', async () => {
    const traced = await gradientOf(whole, loss, [rows]);
    const eager = await gradientOf(reference, loss, [rows]);
    expect(relativeDistance(eager.gradients, traced.gradients)).toBeLessThan(1e-5);
    expect(Math.abs(eager.loss - traced.loss)).toBeLessThan(1e-6);
  });

  it('returns statistics in the order of the rows', async () => {
    const { rows: fromTraining } = await split.accumulate(loss, rows);
    const fromScoring = await whole.logProbs(rows, 'policy');
    fromTraining.forEach(({ logProbs, entropies }, index) => {
      expect(logProbs.length).toBe(rows[index]!.tokenIds.length - rows[index]!.promptLength);
      logProbs.forEach((logProb, token) => {
        expect(Math.abs(logProb - fromScoring[index]!.logProbs[token]!)).toBeLessThan(1e-5);
        expect(Math.abs(entropies[token]! - fromScoring[index]!.entropies[token]!)).toBeLessThan(1e-5);
      });
    });
  });
});
