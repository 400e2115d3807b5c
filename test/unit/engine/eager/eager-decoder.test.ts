// Decoding with a cache gives what recomputing whole sequences gives, row by row, whatever shares the batch.
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { variables } from '../../../../backend/engine/eager/device-tensors';
import { EagerDecoder } from '../../../../backend/engine/eager/eager-decoder';
import { eagerGenerate } from '../../../../backend/engine/eager/eager-generate';
import type { GenerateRequest } from '../../../../backend/engine/engine';
import type { DecoderWeights } from '../../../../backend/engine/tensor/decoder-model';
import { tf } from '../../../../backend/engine/tensor/tfjs';
import type { ModelConfig } from '../../../../backend/model/model-config';
import { randomWeights, smallModel } from '../small-model';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const configs: readonly [string, ModelConfig][] = [
  ['llama', smallModel],
  ['qwen2, untied', { ...smallModel, architecture: 'qwen2', qkvBias: true, tiedEmbeddings: false }],
  ['qwen3', { ...smallModel, architecture: 'qwen3', qkNorm: true, kvHeads: 1 }],
];
const limits = { rows: 128, cacheBytes: 2 ** 30 };

function requestOf(more: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    groups: [
      { promptIds: Int32Array.of(1, 2, 3, 4), completions: 3 },
      { promptIds: Int32Array.of(5), completions: 2 },
    ],
    maxNewTokens: 40,
    temperature: 0.8,
    topP: 1,
    greedy: false,
    eosIds: [7],
    stopMatcher: undefined,
    uniform: (group, completion, token) => (group * 0.31 + completion * 0.17 + token * 0.618) % 1,
    ...more,
  };
}

function weightsOf(config: ModelConfig): DecoderWeights {
  return { tensors: variables(randomWeights(config, 3), false), adapters: new Map() };
}

describe.each(configs)('%s', (_, config) => {
  it.each([
    ['sampling', {}],
    ['nucleus', { topP: 0.5 }],
    ['greedy', { greedy: true, eosIds: [] }],
    ['to the end of the context', { maxNewTokens: 100, eosIds: [] }],
  ] as const)('%s', (_title, more) => {
    const weights = weightsOf(config);
    const plain = eagerGenerate(config, weights, requestOf(more));
    const tensors = tf.memory().numTensors;
    const cached = new EagerDecoder(config, weights, limits).generate(requestOf(more));
    expect(tf.memory().numTensors).toBe(tensors);
    plain.completions.flat().forEach((wanted, index) => {
      const found = cached.completions.flat()[index]!;
      expect([...found.tokenIds]).toEqual([...wanted.tokenIds]);
      expect(found.stopReason).toBe(wanted.stopReason);
      found.logProbs.forEach((logProb, token) => {
        expect(logProb).toBeCloseTo(wanted.logProbs[token]!, 4);
        expect(found.entropies[token]).toBeCloseTo(wanted.entropies[token]!, 4);
      });
    });
    expect([cached.prefilledTokens, cached.generatedTokens]).toEqual([5, plain.generatedTokens]);
  });
});

it('small batches give the same completions', () => {
  const weights = weightsOf(smallModel);
  const whole = new EagerDecoder(smallModel, weights, limits).generate(requestOf());
  const parts = new EagerDecoder(smallModel, weights, { ...limits, rows: 2 }).generate(requestOf());
  expect(parts.completions.map((group) => group.map(({ tokenIds }) => [...tokenIds]))).toEqual(
    whole.completions.map((group) => group.map(({ tokenIds }) => [...tokenIds])),
  );
  expect(parts.prefilledTokens).toBe(4 + (4 + 1) + 1);
});

it('gives its tensors back when a request is refused or diverges', () => {
  const weights = weightsOf(smallModel);
  const decoder = new EagerDecoder(smallModel, weights, limits);
  const tensors = tf.memory().numTensors;
  expect(() => decoder.generate(requestOf({ maxNewTokens: 0 }))).toThrow('maxNewTokens is 0');
  expect(() =>
    decoder.generate(
      requestOf({
        onToken: () => {
          throw new Error('stopped');
        },
      }),
    ),
  ).toThrow('stopped');
  expect(tf.memory().numTensors).toBe(tensors);
});
