// The in-graph sampler: its distribution (chi-square), its support at the edges of the uniform number, vocabularies
// of any size, the nucleus, greedy ties, and the log-probability and entropy it reports.
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { largestUniform, type SamplingMode, vocabularyBlocks } from '../../../../../backend/engine/decoding/sampling';
import { chooseToken } from '../../../../../backend/engine/onnx/decode/sampling-nodes';
import { OnnxGraph } from '../../../../../backend/engine/onnx/graph';
import { randomNumbers, softmax } from './plain-decoder';

interface Sampler {
  /** One token for each uniform number, all from the same logits. */
  sample(
    logits: readonly number[],
    uniforms: readonly number[],
    topP?: number,
  ): Promise<{ tokens: Int32Array; logProbs: Float32Array; entropies: Float32Array }>;
}

async function makeSampler(mode: SamplingMode, vocabularySize: number): Promise<Sampler> {
  const graph = new OnnxGraph();
  const logits = graph.input('logits', ['rows', vocabularySize], 'float32');
  const chosen = chooseToken(graph, mode, logits, vocabularySize, {
    uniform: mode === 'greedy' ? '' : graph.input('uniform', ['rows', 1], 'float32'),
    topP: mode === 'nucleus' ? graph.input('top_p', [], 'float32') : '',
  });
  graph.output(chosen.token, 'token', ['rows', 1], 'int32');
  graph.output(chosen.logProb, 'log_prob', ['rows', 1], 'float32');
  graph.output(chosen.entropy, 'entropy', ['rows', 1], 'float32');
  const session = await ort.InferenceSession.create(graph.serialize(), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return {
    async sample(values, uniforms, topP = 1) {
      const rows = uniforms.length;
      const repeated = new Float32Array(rows * vocabularySize);
      for (let row = 0; row < rows; row++) repeated.set(values, row * vocabularySize);
      const feeds: Record<string, ort.Tensor> = { logits: new ort.Tensor('float32', repeated, [rows, vocabularySize]) };
      if (mode !== 'greedy') feeds.uniform = new ort.Tensor('float32', Float32Array.from(uniforms), [rows, 1]);
      if (mode === 'nucleus') feeds.top_p = new ort.Tensor('float32', Float32Array.of(topP), []);
      const results = await session.run(feeds);
      return {
        tokens: results.token!.data as Int32Array,
        logProbs: results.log_prob!.data as Float32Array,
        entropies: results.entropy!.data as Float32Array,
      };
    },
  };
}

function randomLogits(size: number, spread: number, seed: number): number[] {
  const random = randomNumbers(seed);
  return Array.from({ length: size }, () => Math.fround((random() - 0.5) * spread));
}

const edges = [0, 2 ** -32, 1e-7, 0.25, 0.5, 0.999, 1 - 2 ** -20, 1 - 2 ** -23, largestUniform];
/** One level; divisible blocks; a prime (padded); a power of two; beyond what any small divisor cuts. */
const sizes = [1, 2, 64, 1024, 1025, 1031, 4096, 5003];

describe('vocabularyBlocks', () => {
  it('covers the vocabulary with near-square blocks, exactly where a divisor exists', () => {
    for (const size of [...sizes, 32_000, 49_152, 128_256, 151_936, 151_669]) {
      const { blocks, blockSize } = vocabularyBlocks(size);
      expect(blocks * blockSize).toBeGreaterThanOrEqual(size);
      expect(blocks * blockSize - size).toBeLessThan(blocks);
      if (size > 1024) expect(Math.max(blocks, blockSize)).toBeLessThan(8 * Math.sqrt(size));
    }
    expect(vocabularyBlocks(49_152)).toEqual({ blocks: 192, blockSize: 256 });
  });
});

describe.each(sizes)('a vocabulary of %i', (size) => {
  it.each(['sample', 'nucleus'] as const)('%s inverts the cumulative distribution', async (mode) => {
    const sampler = await makeSampler(mode, size);
    const logits = randomLogits(size, 12, size);
    const shares = softmax(logits);
    const order = [...shares.keys()];
    if (mode === 'nucleus') order.sort((a, b) => shares[b]! - shares[a]!);
    const uniforms = Array.from({ length: 300 }, (_, index) => (index + 0.5) / 300);
    const { tokens, logProbs, entropies } = await sampler.sample(logits, uniforms);
    const entropy = -shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0);
    const before = new Map<number, number>();
    let mass = 0;
    const slack = mode === 'nucleus' ? 1e-5 : 2e-6; // one long running sum, or two short ones
    for (const token of order) {
      before.set(token, mass);
      mass += shares[token]!;
    }
    uniforms.forEach((uniform, row) => {
      const token = tokens[row]!;
      expect(uniform).toBeGreaterThan(before.get(token)! - slack);
      expect(uniform).toBeLessThan(before.get(token)! + shares[token]! + slack);
      expect(Math.abs(logProbs[row]! - Math.log(shares[token]!))).toBeLessThan(2e-5);
      expect(Math.abs(entropies[row]! - entropy)).toBeLessThan(2e-5);
    });
  });

  it.each(['sample', 'nucleus'] as const)('%s never chooses an impossible token, at any edge', async (mode) => {
    const sampler = await makeSampler(mode, size);
    const impossible = -1e4; // exp underflows to 0
    const cases = {
      'only the first': Array.from({ length: size }, (_, index) => (index === 0 ? 0 : impossible)),
      'only the last': Array.from({ length: size }, (_, index) => (index === size - 1 ? 0 : impossible)),
      'only the middle': Array.from({ length: size }, (_, index) => (index === size >> 1 ? 0 : impossible)),
      'every seventh': Array.from({ length: size }, (_, index) => (index % 7 === (size - 1) % 7 ? 0 : impossible)),
      'all alike': Array(size).fill(0),
      'a long tail': Array.from({ length: size }, (_, index) => -index * 0.5),
    };
    const random = randomNumbers(3);
    const uniforms = [...edges, ...Array.from({ length: 60 }, () => Math.min(random(), largestUniform))];
    for (const logits of Object.values(cases)) {
      const shares = softmax(logits);
      const { tokens } = await sampler.sample(logits, uniforms);
      for (const token of tokens) {
        expect(token).toBeGreaterThanOrEqual(0);
        expect(token).toBeLessThan(size);
        expect(Math.fround(shares[token]!)).toBeGreaterThan(0);
      }
    }
  });
});

describe('the distribution', () => {
  /** Pearson's statistic and its number of degrees of freedom, over tokens expected at least 5 times. */
  function chiSquare(tokens: Int32Array, shares: readonly number[]): { statistic: number; freedom: number } {
    const counts = new Map<number, number>();
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
    let statistic = 0;
    let cells = 0;
    let restExpected = 0;
    let restCounted = 0;
    shares.forEach((share, token) => {
      const expected = share * tokens.length;
      const counted = counts.get(token) ?? 0;
      if (expected < 5) {
        restExpected += expected;
        restCounted += counted;
        return;
      }
      statistic += (counted - expected) ** 2 / expected;
      cells++;
    });
    if (restExpected >= 5) {
      statistic += (restCounted - restExpected) ** 2 / restExpected;
      cells++;
    }
    return { statistic, freedom: cells - 1 };
  }

  it.each([
    ['sample', 64],
    ['sample', 1031],
    ['nucleus', 64],
  ] as const)('of %s over %i tokens is the softmax (chi-square)', async (mode, size) => {
    const logits = randomLogits(size, 5, 21);
    const random = randomNumbers(77);
    const uniforms = Array.from({ length: 20_000 }, () => Math.min(random(), largestUniform));
    const { tokens } = await (await makeSampler(mode, size)).sample(logits, uniforms);
    const { statistic, freedom } = chiSquare(tokens, softmax(logits));
    // Mean `freedom`, variance 2 · freedom: five standard deviations.
    expect(statistic).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom));
    expect(statistic).toBeGreaterThan(freedom - 5 * Math.sqrt(2 * freedom));
  });

  it('of the nucleus is the softmax over the smallest set of tokens that reaches topP', async () => {
    const shares = [0.05, 0.4, 0.15, 0.3, 0.1];
    const logits = shares.map((share) => Math.log(share));
    const random = randomNumbers(5);
    const uniforms = [...edges, ...Array.from({ length: 20_000 }, () => Math.min(random(), largestUniform))];
    const sampler = await makeSampler('nucleus', shares.length);
    const nuclei: [topP: number, kept: number[]][] = [
      [0.05, [1]],
      [0.65, [1, 3]],
      [0.72, [1, 3, 2]],
      [0.86, [1, 3, 2, 4]],
      [0.999, [1, 3, 2, 4, 0]],
    ];
    for (const [topP, kept] of nuclei) {
      const { tokens, logProbs } = await sampler.sample(logits, uniforms, topP);
      const mass = kept.reduce((sum, token) => sum + shares[token]!, 0);
      expect([...new Set(tokens)].sort()).toEqual([...kept].sort());
      const nucleus = shares.map((share, token) => (kept.includes(token) ? share / mass : 0));
      const { statistic, freedom } = chiSquare(tokens.subarray(edges.length), nucleus);
      expect(statistic).toBeLessThan(freedom + 5 * Math.sqrt(2 * freedom) + 1e-6);
      // The reported log-probability stays that of the full vocabulary.
      tokens.forEach((token, row) => {
        expect(Math.abs(logProbs[row]! - Math.log(shares[token]!))).toBeLessThan(1e-5);
      });
    }
  });
});

describe('greedy', () => {
  it('chooses the first of the largest logits, with the log-probability of temperature 1', async () => {
    const logits = [0.5, 2, -1, 2, 1];
    const { tokens, logProbs } = await (await makeSampler('greedy', 5)).sample(logits, [0]);
    expect([...tokens]).toEqual([1]);
    expect(logProbs[0]).toBeCloseTo(Math.log(softmax(logits)[1]!), 5);
  });
});
