// Milliseconds a decoding step, sampling included, with random weights:
//   npx esbuild test/bench/generate.ts --bundle --platform=node --format=esm --external:onnxruntime-node --outfile=.cache/bench/generate.mjs
//   node .cache/bench/generate.mjs [SHAPE] [ROWS,ROWS…] [initializers|inputs] [THREADS]
import type { EnginePlan, GenerateRequest } from '../../backend/engine/engine';
import { Decoder } from '../../backend/engine/onnx/decode/decoder';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import type { NamedTensor } from '../../backend/model/named-tensors';
import { llama } from './bench-model';

const shapes: Record<string, { config: ModelConfig; promptTokens: number; newTokens: number }> = {
  // The peer comparison: 16 prompts × 8 completions × 64 tokens.
  peer: {
    config: {
      ...llama,
      vocabularySize: 64,
      hiddenSize: 128,
      layers: 4,
      heads: 4,
      kvHeads: 4,
      headDim: 32,
      intermediateSize: 512,
    },
    promptTokens: 16,
    newTokens: 64,
  },
  small: {
    config: {
      ...llama,
      vocabularySize: 512,
      hiddenSize: 128,
      layers: 4,
      heads: 4,
      kvHeads: 2,
      headDim: 32,
      intermediateSize: 352,
    },
    promptTokens: 64,
    newTokens: 64,
  },
  '25m': {
    config: {
      ...llama,
      vocabularySize: 4096,
      hiddenSize: 512,
      layers: 8,
      heads: 8,
      kvHeads: 4,
      headDim: 64,
      intermediateSize: 1408,
    },
    promptTokens: 192,
    newTokens: 48,
  },
  '135m': {
    config: {
      ...llama,
      vocabularySize: 49152,
      hiddenSize: 576,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      intermediateSize: 1536,
    },
    promptTokens: 192,
    newTokens: 24,
  },
};

const [shape = 'peer', rowList = '1,8,32,64,128', decodeWeights = 'initializers', threads = '2'] =
  process.argv.slice(2);
const bench = shapes[shape];
if (bench === undefined || (decodeWeights !== 'initializers' && decodeWeights !== 'inputs')) {
  throw new Error(`usage: generate.mjs [${Object.keys(shapes).join('|')}] [ROWS,…] [initializers|inputs] [THREADS]`);
}
const { config, promptTokens, newTokens } = bench;
const weights = new Map<string, NamedTensor>();
for (const [name, size] of weightShapes(config)) {
  const length = size.reduce((product, dimension) => product * dimension, 1);
  const data = Float32Array.from({ length }, () => (size.length === 1 ? 1 : (Math.random() - 0.5) * 0.14));
  weights.set(name, { shape: size, data });
}
const plan: EnginePlan = { threads: Number(threads), microBatchTokens: 4096, tokenBucket: 32, decodeWeights };
const decoder = new Decoder(config, () => weights, plan);

for (const rows of rowList.split(',').map(Number)) {
  const k = Math.min(rows, 8);
  const request = (maxNewTokens: number): GenerateRequest => ({
    groups: Array.from({ length: rows / k }, (_, group) => ({
      promptIds: Int32Array.from(
        { length: promptTokens },
        (_, token) => (group * 31 + token * 7) % config.vocabularySize,
      ),
      completions: k,
    })),
    maxNewTokens,
    temperature: 1,
    topP: 1,
    greedy: false,
    eosIds: [],
    stopMatcher: undefined,
    uniform: () => Math.random(),
  });
  const timed = async (maxNewTokens: number) => {
    const start = performance.now();
    await decoder.generate(request(maxNewTokens));
    return performance.now() - start;
  };
  decoder.weightsChanged();
  const cold = await timed(newTokens);
  let prefill = Number.POSITIVE_INFINITY;
  let whole = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    prefill = Math.min(prefill, await timed(1));
    whole = Math.min(whole, await timed(newTokens));
  }
  const step = (whole - prefill) / (newTokens - 1);
  console.log(
    `${shape} ${decodeWeights} ${threads} threads, ${rows} rows: ${step.toFixed(2)} ms/step, prefill ${prefill.toFixed(1)} ms, ` +
      `${newTokens} tokens ${whole.toFixed(0)} ms (${cold.toFixed(0)} ms with a new session), ` +
      `${((rows * newTokens * 1000) / whole).toFixed(0)} tokens/s`,
  );
}
await decoder.dispose();
