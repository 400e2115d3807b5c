// Greedy tokens of the five golden models equal those of Hugging Face transformers, alone and in a batch of unequal
// lengths, with weights as initialisers and as inputs; reported log-probabilities equal the golden ones.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EnginePlan, GenerateRequest } from '../../backend/engine/engine';
import { Decoder } from '../../backend/engine/onnx/decode/decoder';
import { loadCheckpoint } from '../../backend/model/checkpoint';

interface GoldenModel {
  readonly inputIds: number[];
  readonly lastLogits: number[];
  readonly greedy24: number[];
  readonly paddedBatchInputIds: number[][];
  readonly paddedBatchGreedy12: number[][];
}

const folder = process.env.GOLDEN_DIR ?? join(import.meta.dirname, '../golden');
const models = JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8')) as Record<string, GoldenModel>;

function greedy(prompts: readonly number[][], maxNewTokens: number, eosIds: readonly number[]): GenerateRequest {
  return {
    groups: prompts.map((ids) => ({ promptIds: Int32Array.from(ids), completions: 1 })),
    maxNewTokens,
    temperature: 1,
    topP: 1,
    greedy: true,
    eosIds,
    stopMatcher: undefined,
    uniform: () => 0,
  };
}

describe.each(Object.keys(models))('%s', (name) => {
  it.each(['initializers', 'inputs'] as const)(
    'decodes greedily as transformers does (weights as %s)',
    async (decodeWeights) => {
      const golden = models[name]!;
      const { config, weights, eosIds } = await loadCheckpoint(join(folder, 'models', name));
      const plan: EnginePlan = { threads: 2, microBatchTokens: 1024, tokenBucket: 32, decodeWeights };
      const decoder = new Decoder(config, () => weights, plan);
      try {
        const alone = await decoder.generate(greedy([golden.inputIds], 24, eosIds));
        const [completion] = alone.completions[0]!;
        expect([...completion!.tokenIds]).toEqual(golden.greedy24);

        const largest = Math.max(...golden.lastLogits);
        const logSum = largest + Math.log(golden.lastLogits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
        expect(Math.abs(completion!.logProbs[0]! - (golden.lastLogits[golden.greedy24[0]!]! - logSum))).toBeLessThan(
          1e-4,
        );
        const entropy = -golden.lastLogits.reduce((sum, logit) => sum + Math.exp(logit - logSum) * (logit - logSum), 0);
        expect(Math.abs(completion!.entropies[0]! - entropy)).toBeLessThan(1e-4);

        const batch = await decoder.generate(greedy(golden.paddedBatchInputIds, 12, eosIds));
        batch.completions.forEach((group, index) => {
          // After its end, a row of the reference is padded with id 0.
          const expected = golden.paddedBatchGreedy12[index]!;
          const tokens = [...group[0]!.tokenIds];
          expect([...tokens, ...Array(expected.length - tokens.length).fill(0)]).toEqual(expected);
        });
      } finally {
        await decoder.dispose();
      }
    },
  );
});
