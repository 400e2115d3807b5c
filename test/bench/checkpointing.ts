// What gradient checkpointing saves when a graph is run: peak memory and time of one update's pass, 32 rows of 256 tokens
// in one micro-batch, 16 layers of hidden size 256. One setting a process, since a peak is the process's own:
//   npm run bench -- checkpointing off; npm run bench -- checkpointing on
import { OnnxEngine } from '../../backend/engine/onnx/onnx-engine';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import { grpo, llama } from './bench-model';

const config: ModelConfig = {
  ...llama,
  vocabularySize: 256,
  hiddenSize: 256,
  layers: 16,
  heads: 4,
  kvHeads: 2,
  headDim: 64,
  intermediateSize: 768,
};
const [setting = 'off'] = process.argv.slice(2);
const weights = new Map(
  [...weightShapes(config)].map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length }, (_, index) => (shape.length === 1 ? 1 : 0.1 * Math.sin(index)));
    return [name, { shape, data }];
  }),
);
const plan = { microBatchTokens: 8192, gradientCheckpointing: setting === 'on' };
const engine = new OnnxEngine(config, weights, { plan, keepReference: false, lora: 'off', seed: 0 });
const rows = Array.from({ length: 32 }, (_, row) => ({
  tokenIds: Int32Array.from({ length: 256 }, (_unused, token) => (row * 31 + token * 7) % 256),
  promptLength: 128,
  temperature: 1,
  pgWeight: 0.001,
  sftWeight: 0,
  entropyWeight: 0,
  advantage: 1,
}));
const before = process.resourceUsage().maxRSS;
const start = performance.now();
await engine.accumulate(grpo, rows);
const peak = (process.resourceUsage().maxRSS - before) / 1024;
const ms = performance.now() - start;
console.log(
  `checkpointing ${setting}: peak ${peak.toFixed(0)} MiB over the weights, ${ms.toFixed(0)} ms with the trace`,
);
process.exit(0);
