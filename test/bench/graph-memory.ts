// What a traced training graph holds at once beside weights and inputs, in the order of its nodes, with and without
// gradient checkpointing and adapters; gradients of what is trained are part of it. Computed, nothing is run:
//   npm run bench -- graph-memory
import type { EngineOptions } from '../../backend/engine/engine';
import { adapterNames, adapterShapes } from '../../backend/engine/lora';
import { traceGradient } from '../../backend/engine/onnx/traced-batch';
import { plainRows } from '../../backend/engine/tensor/batch-attention';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import { grpo, llama } from './bench-model';

const smolLm2: ModelConfig = {
  ...llama,
  contextLength: 2048,
  vocabularySize: 49_152,
  hiddenSize: 576,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  intermediateSize: 1536,
};
const qwen2: ModelConfig = {
  ...llama,
  contextLength: 2048,
  architecture: 'qwen2',
  qkvBias: true,
  vocabularySize: 151_936,
  hiddenSize: 896,
  layers: 24,
  heads: 14,
  kvHeads: 2,
  headDim: 64,
  intermediateSize: 4864,
};
const targets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
const trained: readonly [string, EngineOptions['lora']][] = [
  ['all weights', 'off'],
  ['LoRA, rank 16', { rank: 16, alpha: 32, targets }],
];

for (const [name, config, rows, tokens] of [
  ['SmolLM2-135M', smolLm2, 4, 128],
  ['SmolLM2-135M', smolLm2, 8, 256],
  ['Qwen2.5-0.5B', qwen2, 4, 512],
] as const) {
  for (const [what, lora] of trained) {
    const gib = [false, true].map((checkpointing) => {
      const weights = weightShapes(config);
      const adapters = adapterShapes(config, lora);
      const layout = {
        config,
        provider: 'cpu',
        shapes: new Map([...weights, ...adapters]),
        adapters: adapterNames(config, lora),
        trainable: new Set((lora === 'off' ? weights : adapters).keys()),
      } as const;
      const shape = { ...plainRows(rows, tokens), scored: (rows * tokens) / 2 };
      const trace = traceGradient(layout, shape, { form: grpo, entropy: false }, checkpointing);
      return (trace.peakBytes() / 2 ** 30).toFixed(2);
    });
    console.log(`${name}, ${rows} × ${tokens} tokens, ${what}: ${gib[0]} GiB, with checkpointing ${gib[1]} GiB`);
  }
}
