// A prompt that several rows go on from is computed once: the same losses, log-probabilities and gradients as when each
// row brings its own, whatever the lengths, on every engine.
import { describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import type { Engine, EngineOptions, EnginePlan, LossRow } from '../../../backend/engine/engine';
import { isSpread, pack } from '../../../backend/engine/packing';
import type { ModelConfig } from '../../../backend/model/model-config';
import { grpo } from '../../bench/bench-model';
import { testedEngines } from '../../setup/tested-engines';
import { randomWeights, smallModel } from './small-model';

vi.setConfig({ testTimeout: 120_000 }); // many graphs, on a busy machine

const qwen3: ModelConfig = { ...smallModel, architecture: 'qwen3', qkNorm: true };
const form = { ...grpo, klCoefficient: 0.1 };
const lora = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj', 'down_proj'] };

/** A group: rows with the completions' lengths given, each after the same prompt. */
function group(seed: number, promptLength: number, completions: readonly number[]): LossRow[] {
  const prompt = Array.from({ length: promptLength }, (_, at) => (seed * 13 + at * 7) % smallModel.vocabularySize);
  return completions.map((length, index) => {
    const completion = Array.from({ length }, (_, at) => (seed + index * 5 + at * 3) % smallModel.vocabularySize);
    const isDemonstration = index === completions.length - 1;
    return {
      tokenIds: Int32Array.from([...prompt, ...completion]),
      promptLength,
      temperature: isDemonstration ? 1 : 0.8,
      pgWeight: isDemonstration ? 0 : 0.1,
      sftWeight: isDemonstration ? 0.2 : 0,
      entropyWeight: isDemonstration ? 0 : 0.03,
      advantage: index - 1.2,
      refLogProbs: Float32Array.from({ length }, (_, at) => -2 - 0.1 * at),
    };
  });
}

const cases: Record<string, { rows: LossRow[]; spread: boolean; plan: Partial<EnginePlan> }> = {
  // every prompt and row fills its places
  'of one length': {
    rows: [...group(1, 9, [8, 8, 8]), ...group(2, 9, [8, 8, 8])],
    spread: false,
    plan: { tokenBucket: 4 },
  },
  // one prompt of a single token, which leaves nothing to share, and a group of one row
  'of different lengths': {
    rows: [...group(1, 11, [3, 9, 1, 14]), ...group(2, 4, [6, 2]), ...group(3, 1, [5, 5]), ...group(4, 7, [8])],
    spread: true,
    plan: { tokenBucket: 8 },
  },
};
const budget = 256;

describe.each(testedEngines)('on %s', (kind) => {
  async function withEngine<T>(
    config: ModelConfig,
    options: EngineOptions,
    use: (engine: Engine) => Promise<T>,
  ): Promise<T> {
    const engine = await createEngine({ kind, config, weights: randomWeights(config, 3), options });
    try {
      if (options.lora !== 'off') {
        const started = [...(await engine.readWeights())].map(([name, { shape, data }]) => {
          return [name, { shape, data: data.map((value, index) => value + 0.1 * Math.sin(index)) }] as const;
        });
        await engine.writeWeights(new Map(started)); // B is no longer zero
      }
      return await use(engine);
    } finally {
      await engine.dispose();
    }
  }

  describe.each(Object.entries(cases))('rows %s', (_, { rows, spread, plan: bucket }) => {
    it.each([
      ['all weights', smallModel, 'off', false],
      ['normalised queries and keys, checkpointing', qwen3, 'off', true],
      ['adapters', smallModel, lora, false],
    ] as const)('%s', async (_, config, adapters, gradientCheckpointing) => {
      const numbers = (sharePrompts: boolean) => {
        const plan = { ...bucket, microBatchTokens: budget, gradientCheckpointing, sharePrompts };
        return withEngine(config, { plan, keepReference: false, lora: adapters, seed: 1 }, async (engine) => {
          const [batch, ...others] = pack(rows, engine.plan);
          expect(others).toEqual([]);
          expect(batch!.shape.prefixes > 0).toBe(sharePrompts);
          if (sharePrompts) expect(isSpread(batch!.shape)).toBe(spread);
          const scored = await engine.logProbs(rows, 'policy');
          const { loss, rows: seen } = await engine.accumulate(form, rows);
          return { scored, loss, seen, gradients: await engine.readGradients() };
        });
      };
      const [apart, together] = [await numbers(false), await numbers(true)];
      expect(together.loss / apart.loss).toBeCloseTo(1, 5);
      for (const name of ['scored', 'seen'] as const) {
        apart[name].forEach(({ logProbs, entropies }, row) => {
          logProbs.forEach((value, token) => {
            expect(together[name][row]!.logProbs[token], `log-probability ${token} of row ${row}`).toBeCloseTo(
              value,
              4,
            );
            expect(together[name][row]!.entropies[token], `entropy ${token} of row ${row}`).toBeCloseTo(
              entropies[token]!,
              4,
            );
          });
        });
      }
      let size = 0;
      for (const [name, { data }] of apart.gradients) {
        data.forEach((value, index) => {
          size += value ** 2;
          expect(Math.abs(together.gradients.get(name)!.data[index]! - value), name).toBeLessThan(1e-5);
        });
      }
      expect(size).toBeGreaterThan(1e-3);
    });
  });
});
