// Milliseconds of an update (loss, gradients, AdamW) with random weights, and the process's peak memory:
//   npx esbuild test/bench/update.ts --bundle --platform=node --format=esm --main-fields=module,main --external:onnxruntime-node --banner:js="import{createRequire}from'node:module';const require=createRequire(import.meta.url);" --outfile=.cache/bench/update.mjs
//   node .cache/bench/update.mjs [SHAPE] [MICRO_BATCH_TOKENS] [TOKEN_BUCKET] [THREADS] [ROUNDS]
import type { LossRow, OptimizerSettings } from '../../backend/engine/engine';
import { OnnxEngine } from '../../backend/engine/onnx/onnx-engine';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import type { NamedTensor } from '../../backend/model/named-tensors';
import { grpo, llama } from './bench-model';

interface Bench {
  readonly config: ModelConfig;
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}
const shapes: Record<string, Bench> = {
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
    rows: 128,
    promptTokens: 16,
    completionTokens: 64,
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
    rows: 16,
    promptTokens: 64,
    completionTokens: 64,
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
    rows: 4,
    promptTokens: 64,
    completionTokens: 64,
  },
};

const [shape = 'peer', microBatchTokens, tokenBucket = '16', threads = '2', rounds = '5'] = process.argv.slice(2);
const bench = shapes[shape];
if (bench === undefined) throw new Error(`The shapes are ${Object.keys(shapes).join(', ')}.`);
const { config, promptTokens, completionTokens } = bench;
const weights = new Map<string, NamedTensor>();
for (const [name, size] of weightShapes(config)) {
  const length = size.reduce((product, dimension) => product * dimension, 1);
  const data = Float32Array.from({ length }, () => (size.length === 1 ? 1 : (Math.random() - 0.5) * 0.14));
  weights.set(name, { shape: size, data });
}
const plan = {
  threads: Number(threads),
  tokenBucket: Number(tokenBucket),
  ...(microBatchTokens === undefined ? {} : { microBatchTokens: Number(microBatchTokens) }),
};
const engine = new OnnxEngine(config, weights, { plan, keepReference: false, lora: 'off', seed: 0 });
const length = promptTokens + completionTokens;
const rows: LossRow[] = Array.from({ length: bench.rows }, (_, row) => ({
  tokenIds: Int32Array.from({ length }, (_, token) => (row * 31 + token * 7) % config.vocabularySize),
  promptLength: promptTokens,
  temperature: 1,
  pgWeight: 1 / (bench.rows * completionTokens),
  sftWeight: 0,
  entropyWeight: 0,
  advantage: (row % 8) / 4 - 1,
}));
const settings: OptimizerSettings = {
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
};
const parameters = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
const floatingPointOperations = 6 * parameters * bench.rows * length;
for (let round = 0; round <= Number(rounds); round++) {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  await engine.accumulate(grpo, rows);
  const accumulated = performance.now();
  await engine.update(settings);
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpuStart);
  console.log(
    `${shape} ${engine.plan.microBatchTokens} ${threads} threads: ${(end - start).toFixed(0)} ms = gradient ${(accumulated - start).toFixed(0)} ` +
      `+ AdamW ${(end - accumulated).toFixed(0)}, processor time ${((user + system) / 1000).toFixed(0)} ms; ${(floatingPointOperations / (end - start) / 1e6).toFixed(0)} GFLOP/s; ` +
      `${((bench.rows * length * 1000) / (end - start)).toFixed(0)} tokens/s; peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
  );
}
await engine.dispose();
