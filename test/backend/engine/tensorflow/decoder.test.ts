// Generation by the TensorFlow graph gives what recomputing whole sequences gives, row by row, whatever shares the batch.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { variables } from '../../../../backend/engine/eager/device-tensors';
import { eagerGenerate } from '../../../../backend/engine/eager/eager-generate';
import type { GenerateRequest, Generation } from '../../../../backend/engine/engine';
import type { DecoderWeights } from '../../../../backend/engine/tensor/decoder-model';
import { tf } from '../../../../backend/engine/tensor/tfjs';
import { type DecoderLimits, TensorflowDecoder } from '../../../../backend/engine/tensorflow/decode/tensorflow-decoder';
import { loadTensorflow } from '../../../../backend/engine/tensorflow/load-tensorflow';
import type { ModelConfig } from '../../../../backend/model/model-config';
import { testedEngines } from '../../../setup/tested-engines';
import { randomWeights, smallModel } from '../../../unit/engine/small-model';

const configs: readonly [string, ModelConfig][] = [
  ['llama', smallModel],
  ['qwen2, untied', { ...smallModel, architecture: 'qwen2', qkvBias: true, tiedEmbeddings: false }],
  ['qwen3', { ...smallModel, architecture: 'qwen3', qkNorm: true, kvHeads: 1 }],
];
const limits: DecoderLimits = { rows: 128, bytes: 2 ** 30, prefillTokens: 2048 };

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

describe.runIf(testedEngines.some((engine) => engine === 'tensorflow'))('generation on TensorFlow', () => {
  const decoders: TensorflowDecoder[] = [];
  const decoderOf = (config: ModelConfig, less: Partial<DecoderLimits> = {}) => {
    const decoder = new TensorflowDecoder(config, { ...limits, ...less });
    decoders.push(decoder);
    return decoder;
  };

  beforeAll(() => {
    loadTensorflow(2);
  });
  afterAll(() => {
    for (const decoder of decoders) decoder.dispose();
  });

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
      const cached = decoderOf(config).generate(weights, requestOf(more));
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

  const tokensOf = ({ completions }: Generation) => completions.flat().map(({ tokenIds }) => [...tokenIds]);

  it('small batches, and prompts prefilled one by one, give the same completions', () => {
    const weights = weightsOf(smallModel);
    const whole = decoderOf(smallModel).generate(weights, requestOf());
    const parts = decoderOf(smallModel, { rows: 2 }).generate(weights, requestOf());
    expect(tokensOf(parts)).toEqual(tokensOf(whole));
    expect(parts.prefilledTokens).toBe(4 + (4 + 1) + 1);
    const apart = decoderOf(smallModel, { prefillTokens: 1 }).generate(weights, requestOf());
    expect(tokensOf(apart)).toEqual(tokensOf(whole));
    expect(apart.prefilledTokens).toBe(whole.prefilledTokens);
  });

  it('rows that end at the end of the context while most go on', () => {
    const weights = weightsOf(smallModel);
    const groups = [
      { promptIds: Int32Array.from({ length: smallModel.contextLength - 6 }, (_, token) => token % 5), completions: 1 },
      { promptIds: Int32Array.of(5), completions: 7 },
    ];
    const request = requestOf({ groups, maxNewTokens: 100, eosIds: [] });
    expect(tokensOf(decoderOf(smallModel).generate(weights, request))).toEqual(
      tokensOf(eagerGenerate(smallModel, weights, request)),
    );
  });

  it('a batch is bounded by what its cache and logits take', () => {
    const weights = weightsOf(smallModel);
    const whole = decoderOf(smallModel).generate(weights, requestOf());
    const single = decoderOf(smallModel, { bytes: 1 }).generate(weights, requestOf());
    expect(tokensOf(single)).toEqual(tokensOf(whole));
    expect(single.prefilledTokens).toBe(3 * 4 + 2);
  });

  it('no completions are none', () => {
    const groups = [{ promptIds: Int32Array.of(1), completions: 0 }];
    const none = decoderOf(smallModel).generate(weightsOf(smallModel), requestOf({ groups }));
    expect(none).toEqual({ completions: [[]], prefilledTokens: 0, generatedTokens: 0 });
  });

  it('takes new weights, adapters merged, and longer sequences in the graph that it has', () => {
    const decoder = decoderOf(smallModel);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const [out, size] = weightsOf(smallModel).tensors.get(name)!.shape as [number, number];
    const adapter = { a: tf.fill([2, size], 0.3), b: tf.fill([out, 2], 0.2), scale: 2 };
    const cases: [DecoderWeights, GenerateRequest][] = [
      [weightsOf(smallModel), requestOf({ maxNewTokens: 5 })],
      [{ tensors: variables(randomWeights(smallModel, 4), false), adapters: new Map() }, requestOf()],
      [{ ...weightsOf(smallModel), adapters: new Map([[name, adapter]]) }, requestOf()],
    ];
    const found = cases.map(([weights, request]) => tokensOf(decoder.generate(weights, request)));
    expect(found).toEqual(cases.map(([weights, request]) => tokensOf(eagerGenerate(smallModel, weights, request))));
    expect(found[2]).not.toEqual(tokensOf(decoder.generate(weightsOf(smallModel), requestOf())));
  });

  it('gives its tensors back when a request is refused, stopped or diverges, and goes on after it', () => {
    const weights = weightsOf(smallModel);
    const diverged = { ...weights, tensors: new Map(weights.tensors) };
    diverged.tensors.set('model.norm.weight', tf.fill([smallModel.hiddenSize], Number.NaN));
    const decoder = decoderOf(smallModel);
    const wanted = tokensOf(decoder.generate(weights, requestOf()));
    const tensors = tf.memory().numTensors;
    const stop = () => {
      throw new Error('stopped');
    };
    expect(() => decoder.generate(weights, requestOf({ maxNewTokens: 0 }))).toThrow('maxNewTokens is 0');
    expect(() => decoder.generate(weights, requestOf({ onToken: stop }))).toThrow('stopped');
    expect(() => decoder.generate(diverged, requestOf())).toThrow('not a number (NaN or Inf) while generating');
    expect(tf.memory().numTensors).toBe(tensors);
    expect(tokensOf(decoder.generate(weights, requestOf()))).toEqual(wanted);
  });
});
