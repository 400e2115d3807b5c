// Engines agree: the same stored rollout batch (losses.json) and one step give the same losses, gradients and weights
// on the traced engine and on native TensorFlow, and both decode the golden models' greedy tokens.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../backend/engine/create-engine';
import type { Engine, EngineOptions, LossForm, LossRow } from '../../backend/engine/engine';
import { loadCheckpoint } from '../../backend/model/checkpoint';
import type { NamedTensors } from '../../backend/model/named-tensors';
import { testedEngines } from '../setup/tested-engines';

interface StoredBatch {
  model: string;
  promptIds: number[][];
  completionIds: number[][];
  completionMask: number[][];
  oldLogProbs: number[][];
  refLogProbs: number[][];
  policy: { advantages: number[] }[];
}
const golden = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');
const stored = JSON.parse(readFileSync(join(golden, 'losses.json'), 'utf8')) as StoredBatch;
const lengths = stored.completionMask.map((mask) => mask.reduce((sum, bit) => sum + bit, 0));
const tokens = lengths.reduce((sum, length) => sum + length, 0);

/** pg rows with old and reference log-probabilities, an entropy bonus and a temperature, and sft rows. */
const rows: LossRow[] = stored.completionIds.map((completion, index) => {
  const kept = (values: number[][]) => Float32Array.from(values[index]!.slice(0, lengths[index]));
  const sft = index % 3 === 2;
  return {
    tokenIds: Int32Array.from([...stored.promptIds[index]!, ...completion.slice(0, lengths[index])]),
    promptLength: stored.promptIds[index]!.length,
    temperature: sft ? 1 : 0.8,
    pgWeight: sft ? 0 : 1 / tokens,
    sftWeight: sft ? 1 / tokens : 0,
    entropyWeight: sft ? 0 : 0.01 / tokens,
    advantage: stored.policy[0]!.advantages[index]!,
    oldLogProbs: kept(stored.oldLogProbs),
    refLogProbs: kept(stored.refLogProbs),
  };
});
const form: LossForm = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.28,
  ratioMax: 5,
  klCoefficient: 0.05,
  klBiasCorrection: true,
};

function relativeDifference(a: NamedTensors, b: NamedTensors): number {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  let difference = 0;
  let size = 0;
  for (const [name, { data }] of a) {
    const other = b.get(name)!.data;
    data.forEach((value, index) => {
      difference += (value - other[index]!) ** 2;
      size += value ** 2;
    });
  }
  expect(size).toBeGreaterThan(0);
  return Math.sqrt(difference / size);
}

const adapters = { rank: 4, alpha: 8, targets: ['q_proj', 'o_proj', 'up_proj'] };
const others = testedEngines.filter((kind) => kind === 'tensorflow');

describe.each(others)('onnx and %s', (kind) => {
  describe.each([
    ['all weights', 'off'],
    ['adapters', adapters],
  ] as const)('training %s', (_, lora) => {
    let engines: readonly [Engine, Engine];
    const options: EngineOptions = { keepReference: false, lora, seed: 3 };

    beforeAll(async () => {
      const make = async (engine: 'onnx' | typeof kind) => {
        const { config, weights } = await loadCheckpoint(join(golden, 'models', stored.model));
        return createEngine({ kind: engine, config, weights, options });
      };
      engines = [await make('onnx'), await make(kind)];
    });
    afterAll(async () => {
      for (const engine of engines) await engine.dispose();
    });

    it('agree on losses, gradients and the weights after a step', async () => {
      const [onnx, other] = engines;
      const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
      for (let step = 0; step < 2; step++) {
        const [a, b] = [await onnx.accumulate(form, rows), await other.accumulate(form, rows)];
        expect(Math.abs(a.loss - b.loss)).toBeLessThan(1e-4);
        a.rows.forEach(({ logProbs }, row) => {
          logProbs.forEach((logProb, token) => {
            expect(Math.abs(logProb - b.rows[row]!.logProbs[token]!)).toBeLessThan(1e-4);
          });
        });
        expect(relativeDifference(await onnx.readGradients(), await other.readGradients())).toBeLessThan(1e-3);
        const [first, second] = [await onnx.update(settings), await other.update(settings)];
        expect(Math.abs(first.gradNorm - second.gradNorm) / first.gradNorm).toBeLessThan(1e-4);
        const merged = [await onnx.readMergedWeights(), await other.readMergedWeights()] as const;
        expect(relativeDifference(...merged)).toBeLessThan(1e-3);
      }
    });

    it('sample the same tokens from the same uniform numbers', async () => {
      const [onnx, other] = engines;
      const uniform = (group: number, completion: number, token: number) =>
        ((group + 1) * 0.754877 + (completion + 1) * 0.569841 + (token + 1) * 0.61803) % 1;
      for (const topP of [1, 0.7]) {
        const request = {
          groups: stored.promptIds.slice(0, 3).map((ids) => ({ promptIds: Int32Array.from(ids), completions: 4 })),
          maxNewTokens: 40,
          temperature: 0.9,
          topP,
          greedy: false,
          eosIds: [],
          stopMatcher: undefined,
          uniform,
        };
        const [a, b] = [await onnx.generate(request), await other.generate(request)];
        expect(b.generatedTokens).toBe(3 * 4 * 40);
        const same = a.completions
          .flat()
          .filter((completion, index) => completion.tokenIds.join() === b.completions.flat()[index]!.tokenIds.join());
        // A uniform number may fall within rounding of a border between two tokens.
        expect(same.length).toBeGreaterThanOrEqual(11);
      }
    });
  });
});
