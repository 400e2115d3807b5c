// The decoder against a plain float64 model: probabilities, sampling, shared prompts, unequal lengths, rows that
// leave and rows that come, growing caches, endings, repeatability and the texts of its errors.
import { afterEach, describe, expect, it } from 'vitest';
import type { EnginePlan, GeneratedCompletion, GenerateRequest } from '../../../../../backend/engine/engine';
import { defaultDecodeWeights } from '../../../../../backend/engine/onnx/decode/decode-sessions';
import { Decoder, rowsInFlight } from '../../../../../backend/engine/onnx/decode/decoder';
import type { ModelConfig } from '../../../../../backend/model/model-config';
import type { NamedTensors } from '../../../../../backend/model/named-tensors';
import { plainLogits, randomNumbers, randomWeights, softmax, tinyModels } from './plain-decoder';

const open: Decoder[] = [];
afterEach(async () => {
  for (const decoder of open.splice(0)) await decoder.dispose();
});

function makeDecoder(
  config: ModelConfig,
  weights: NamedTensors | (() => NamedTensors),
  decodeWeights: EnginePlan['decodeWeights'] = 'initializers',
): Decoder {
  const plan: EnginePlan = { threads: 1, microBatchTokens: 1024, tokenBucket: 32, decodeWeights };
  const decoder = new Decoder(config, typeof weights === 'function' ? weights : () => weights, plan);
  open.push(decoder);
  return decoder;
}

/** A uniform number that depends on group, completion and token only. */
const uniform = (group: number, completion: number, token: number) =>
  randomNumbers(group * 1_000_003 + completion * 1009 + token)();

function request(overrides: Partial<GenerateRequest> & Pick<GenerateRequest, 'groups'>): GenerateRequest {
  return {
    maxNewTokens: 6,
    temperature: 1,
    topP: 1,
    greedy: false,
    eosIds: [],
    stopMatcher: undefined,
    uniform,
    ...overrides,
  };
}

function group(promptIds: readonly number[], completions = 1) {
  return { promptIds: Int32Array.from(promptIds), completions };
}

/** Every token follows from the plain model's distribution and the uniform number; its statistics are right. */
function expectSampled(
  model: { config: ModelConfig; weights: NamedTensors },
  prompt: readonly number[],
  completion: GeneratedCompletion,
  temperature: number,
  uniforms: (token: number) => number,
): void {
  completion.tokenIds.forEach((id, token) => {
    const before = [...prompt, ...completion.tokenIds.subarray(0, token)];
    const shares = softmax(plainLogits(model.config, model.weights, before).map((logit) => logit / temperature));
    const mass = shares.slice(0, id).reduce((sum, share) => sum + share, 0);
    expect(uniforms(token)).toBeGreaterThanOrEqual(mass - 1e-4);
    expect(uniforms(token)).toBeLessThan(mass + shares[id]! + 1e-4);
    expect(Math.abs(completion.logProbs[token]! - Math.log(shares[id]!))).toBeLessThan(2e-4);
    const entropy = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
    expect(Math.abs(completion.entropies[token]! - entropy)).toBeLessThan(2e-4);
  });
}

function tokensOf(completions: readonly (readonly GeneratedCompletion[])[]): number[][][] {
  return completions.map((row) => row.map((completion) => [...completion.tokenIds]));
}

describe.each(Object.entries(tinyModels))('%s', (_, config) => {
  const weights = randomWeights(config);

  it.each(['initializers', 'inputs'] as const)(
    'samples from the model at a temperature (weights as %s)',
    async (as) => {
      const prompts = [[3, 1, 4, 1, 5, 9, 2], [6, 5], [11]];
      const generation = await makeDecoder(config, weights, as).generate(
        request({ groups: prompts.map((prompt) => group(prompt, 3)), temperature: 1.3 }),
      );
      expect(generation.prefilledTokens).toBe(10);
      expect(generation.generatedTokens).toBe(3 * 3 * 6);
      generation.completions.forEach((completions, index) => {
        completions.forEach((completion, k) => {
          expect(completion.stopReason).toBe('length');
          expectSampled({ config, weights }, prompts[index]!, completion, 1.3, (token) => uniform(index, k, token));
        });
      });
    },
  );

  it('decodes greedily, the temperature ignored', async () => {
    const prompt = [7, 2, 13];
    const { completions } = await makeDecoder(config, weights).generate(
      request({ groups: [group(prompt)], greedy: true, temperature: 0, topP: 0 }),
    );
    const ids = [...prompt];
    for (let token = 0; token < 6; token++) {
      const logits = plainLogits(config, weights, ids);
      ids.push(logits.indexOf(Math.max(...logits)));
    }
    expect([...completions[0]![0]!.tokenIds]).toEqual(ids.slice(prompt.length));
  });
});

describe('batches', () => {
  const config = tinyModels.llama;
  const weights = randomWeights(config, 5);

  it('gives the same bits each time, whatever was generated between', async () => {
    const decoder = makeDecoder(config, weights);
    const groups = [group([1, 2, 3], 4), group([4, 5, 6, 7, 8], 4)];
    const first = await decoder.generate(request({ groups, maxNewTokens: 40 }));
    await decoder.generate(request({ groups: [group(Array(50).fill(3), 20)], maxNewTokens: 60 }));
    expect(await decoder.generate(request({ groups, maxNewTokens: 40 }))).toEqual(first);
    expect(await makeDecoder(config, weights).generate(request({ groups, maxNewTokens: 40 }))).toEqual(first);
  });

  it('gives a shared prompt what each completion would get alone', async () => {
    const decoder = makeDecoder(config, weights);
    const shared = await decoder.generate(request({ groups: [group([9, 8, 7], 5)], maxNewTokens: 20 }));
    const alone = await decoder.generate(
      request({
        groups: Array.from({ length: 5 }, () => group([9, 8, 7])),
        maxNewTokens: 20,
        uniform: (index, _, token) => uniform(0, index, token),
      }),
    );
    expect(shared.prefilledTokens).toBe(3);
    expect(alone.prefilledTokens).toBe(15);
    expect(tokensOf(alone.completions).flat()).toEqual(tokensOf(shared.completions).flat());
  });

  it('keeps every row right while rows leave and waiting ones take their places', async () => {
    // 70 × 3 completions are more than fly at once; ids 0 to 4 end a row, so rows leave all the time.
    const eosIds = [0, 1, 2, 3, 4];
    const random = randomNumbers(8);
    const prompts = Array.from({ length: 70 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * config.vocabularySize)),
    );
    expect(rowsInFlight(config, 12 + 50)).toBeLessThan(210);
    const together = await makeDecoder(config, weights).generate(
      request({ groups: prompts.map((prompt) => group(prompt, 3)), maxNewTokens: 50, eosIds }),
    );
    const single = makeDecoder(config, weights);
    for (let index = 0; index < prompts.length; index += 9) {
      for (let completion = 0; completion < 3; completion++) {
        const alone = await single.generate(
          request({
            groups: [group(prompts[index]!)],
            maxNewTokens: 50,
            eosIds,
            uniform: (_, __, token) => uniform(index, completion, token),
          }),
        );
        const expected = alone.completions[0]![0]!;
        const found = together.completions[index]![completion]!;
        expect([...found.tokenIds]).toEqual([...expected.tokenIds]);
        expect(found.stopReason).toBe(expected.stopReason);
        found.logProbs.forEach((logProb, token) => {
          expect(Math.abs(logProb - expected.logProbs[token]!)).toBeLessThan(1e-4);
        });
      }
    }
    const lengths = new Set(together.completions.flat().map((completion) => completion.tokenIds.length));
    expect(lengths.size).toBeGreaterThan(5);
    const all = together.completions.flat().reduce((sum, completion) => sum + completion.tokenIds.length, 0);
    expect(together.generatedTokens).toBe(all);
    expect(together.prefilledTokens).toBe(prompts.reduce((sum, prompt) => sum + prompt.length, 0));
  });

  it('serves a group larger than what flies at once', async () => {
    const decoder = makeDecoder(config, weights);
    const { completions } = await decoder.generate(request({ groups: [group([5, 6], 300)], maxNewTokens: 3 }));
    expect(completions[0]).toHaveLength(300);
    for (const index of [0, 127, 128, 299]) {
      const completion = completions[0]![index]!;
      expectSampled({ config, weights }, [5, 6], completion, 1, (token) => uniform(0, index, token));
    }
  });

  it('stays right as the cache grows', async () => {
    const prompts = [Array.from({ length: 30 }, (_, index) => index % 23), [1]];
    const { completions } = await makeDecoder(config, weights).generate(
      request({ groups: prompts.map((prompt) => group(prompt)), maxNewTokens: 70 }),
    );
    completions.forEach(([completion], index) => {
      expect(completion!.tokenIds).toHaveLength(70);
      expectSampled({ config, weights }, prompts[index]!, completion!, 1, (token) => uniform(index, 0, token));
    });
  });

  it('gives nothing for groups without completions and for no groups', async () => {
    const decoder = makeDecoder(config, weights);
    expect(await decoder.generate(request({ groups: [] }))).toEqual({
      completions: [],
      prefilledTokens: 0,
      generatedTokens: 0,
    });
    const mixed = await decoder.generate(request({ groups: [group([1], 0), group([2, 3], 1)] }));
    expect(mixed.completions.map((completions) => completions.length)).toEqual([0, 1]);
    expect(mixed.prefilledTokens).toBe(2);
  });

  it('reports progress, and ends where the caller throws', async () => {
    const decoder = makeDecoder(config, weights);
    const seen: number[] = [];
    await decoder.generate(request({ groups: [group([1], 2)], maxNewTokens: 3, onToken: (count) => seen.push(count) }));
    expect(seen).toEqual([2, 4, 6]);
    const stop = () => {
      throw new Error('stopped by the person');
    };
    await expect(decoder.generate(request({ groups: [group([1])], onToken: stop }))).rejects.toThrow('stopped by');
    expect((await decoder.generate(request({ groups: [group([1])] }))).generatedTokens).toBe(6);
  });
});

describe('endings', () => {
  const config = tinyModels.llama;
  const weights = randomWeights(config, 5);
  const prompt = [9, 8, 7];

  it('ends with the EOS token, which is included', async () => {
    const decoder = makeDecoder(config, weights);
    const free = (await decoder.generate(request({ groups: [group(prompt)], greedy: true }))).completions[0]![0]!;
    const eos = free.tokenIds[3]!;
    const first = free.tokenIds.indexOf(eos);
    const ended = await decoder.generate(request({ groups: [group(prompt)], greedy: true, eosIds: [eos] }));
    expect(ended.completions[0]![0]!.stopReason).toBe('eos');
    expect(ended.completions[0]![0]!.tokenIds).toEqual(free.tokenIds.slice(0, first + 1));
  });

  it('ends where the stop matcher says so, one matcher a completion', async () => {
    let matchers = 0;
    const stopMatcher = () => {
      matchers++;
      let seen = 0;
      return () => ++seen === 4;
    };
    const { completions } = await makeDecoder(config, weights).generate(
      request({ groups: [group(prompt, 3)], stopMatcher }),
    );
    expect(matchers).toBe(3);
    for (const completion of completions[0]!) {
      expect(completion.stopReason).toBe('stop');
      expect(completion.tokenIds).toHaveLength(4);
    }
  });

  it("ends at the context's end as by length", async () => {
    const long = Array.from({ length: 124 }, (_, index) => index % 23);
    const { completions } = await makeDecoder(config, weights).generate(request({ groups: [group(long), group([1])] }));
    expect(completions[0]![0]).toMatchObject({ stopReason: 'length' });
    expect(completions[0]![0]!.tokenIds).toHaveLength(4);
    expect(completions[1]![0]!.tokenIds).toHaveLength(6);
  });
});

describe('weights', () => {
  const config = tinyModels.qwen2;

  it.each(['initializers', 'inputs'] as const)('uses new weights after weightsChanged (weights as %s)', async (as) => {
    let weights = randomWeights(config, 1);
    const decoder = makeDecoder(config, () => weights, as);
    const groups = [group([4, 5, 6], 2)];
    await decoder.generate(request({ groups }));
    weights = randomWeights(config, 2);
    decoder.weightsChanged();
    const changed = await decoder.generate(request({ groups }));
    changed.completions[0]!.forEach((completion, k) => {
      expectSampled({ config, weights }, [4, 5, 6], completion, 1, (token) => uniform(0, k, token));
    });
  });

  it('are stored in the session by default, up to 1 GiB', () => {
    expect(defaultDecodeWeights(config)).toBe('initializers');
    expect(defaultDecodeWeights({ ...config, hiddenSize: 2048, vocabularySize: 150_000 })).toBe('inputs');
  });

  it('says what to do when the model gives NaN', async () => {
    const weights = new Map(randomWeights(config, 1));
    const norm = weights.get('model.norm.weight')!;
    weights.set('model.norm.weight', { shape: norm.shape, data: norm.data.map(() => Number.NaN) });
    await expect(makeDecoder(config, weights).generate(request({ groups: [group([1])] }))).rejects.toThrow(
      "The model's output is not a number (NaN or Inf) while generating: its weights have diverged. Go back to an earlier checkpoint and lower the learning rate.",
    );
  });

  it('names a weight that is missing or misshapen', async () => {
    const weights = new Map(randomWeights(config, 1));
    weights.delete('model.norm.weight');
    await expect(makeDecoder(config, weights).generate(request({ groups: [group([1])] }))).rejects.toThrow(
      "The model has no weight 'model.norm.weight': load a complete checkpoint of its kind.",
    );
    weights.set('model.norm.weight', { shape: [3], data: new Float32Array(3) });
    await expect(makeDecoder(config, weights).generate(request({ groups: [group([1])] }))).rejects.toThrow(
      "Weight 'model.norm.weight' has shape [3] where the configuration means [16]: take config.json and weights of the same model.",
    );
  });
});
