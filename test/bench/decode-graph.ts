// Decoding on the engine "tensorflow": a step as one TensorFlow graph (decode_graph.py) against the eager operations
// that the engine runs, alternating in one process. Milliseconds a step, greedy, random weights:
//   npm run bench -- decode-graph SHAPE ROWS FOLDER [ROUNDS]      FOLDER: what decode_graph.py wrote for that shape and those rows
import { EagerDecoder } from '../../backend/engine/eager/eager-decoder';
import type { GenerateRequest } from '../../backend/engine/engine';
import { type Tensor, tf } from '../../backend/engine/tensor/tfjs';
import { loadTensorflow } from '../../backend/engine/tensorflow/load-tensorflow';
import { type ModelConfig, weightShapes } from '../../backend/model/model-config';
import { llama } from './bench-model';

const small = { hiddenSize: 128, layers: 4, heads: 4, kvHeads: 4, headDim: 32, intermediateSize: 512 };
const smollm2 = { hiddenSize: 576, layers: 30, heads: 9, kvHeads: 3, headDim: 64, intermediateSize: 1536 };
const shapes: Record<string, { config: ModelConfig; newTokens: number }> = {
  '1m': { config: { ...llama, vocabularySize: 64, ...small }, newTokens: 64 },
  '135m': { config: { ...llama, vocabularySize: 49152, ...smollm2 }, newTokens: 16 },
};
const promptTokens = 16;

/** What the package's backend has beside tfjs's own. */
interface NativeBackend {
  readonly binding: { loadSavedModel(folder: string, tags: string): number };
  runSavedModel(id: number, inputs: Tensor[], infos: { name: string; dtype: string }[], outputs: string[]): Tensor[];
}

const [shape = '1m', rowCount = '32', folder = '', rounds = '5'] = process.argv.slice(2);
const bench = shapes[shape];
if (bench === undefined) throw new Error(`usage: decode-graph ${Object.keys(shapes).join('|')} ROWS FOLDER`);
const { config, newTokens } = bench;
const rows = Number(rowCount);
loadTensorflow(2);
const backend = tf.backend() as unknown as NativeBackend;
const graph = backend.binding.loadSavedModel(folder, 'serve');
const tensors = new Map(
  Array.from(weightShapes(config), ([name, size]) => [
    name,
    tf.keep(size.length === 1 ? tf.ones([...size]) : tf.randomNormal([...size], 0, 0.02)),
  ]),
);
const decoder = new EagerDecoder(config, { tensors, adapters: new Map() }, { rows, cacheBytes: 2 ** 31 });
const request = (maxNewTokens: number): GenerateRequest => ({
  groups: Array.from({ length: Math.ceil(rows / 8) }, (_, group) => ({
    promptIds: Int32Array.from({ length: promptTokens }, (_, token) => (group * 31 + token * 7) % 64),
    completions: Math.min(8, rows),
  })),
  maxNewTokens,
  temperature: 1,
  topP: 1,
  greedy: true,
  eosIds: [],
  stopMatcher: undefined,
  uniform: () => 0.5,
});

/** Milliseconds a step, the prefill taken off. */
function eagerStep(): number {
  const timed = (tokens: number) => {
    const start = performance.now();
    decoder.generate(request(tokens));
    return performance.now() - start;
  };
  const prefill = timed(1);
  return (timed(newTokens) - prefill) / (newTokens - 1);
}

function graphStep(): number {
  const start = performance.now();
  let ids = Int32Array.from({ length: rows }, (_, row) => row);
  for (let token = 0; token < newTokens; token++) {
    const chosen = tf.tidy(() => {
      const inputs = [tf.tensor1d(ids, 'int32'), tf.scalar(promptTokens + token, 'int32')];
      const infos = [
        { name: 'ids:0', dtype: 'int32' },
        { name: 'slot:0', dtype: 'int32' },
      ];
      const [out] = backend.runSavedModel(graph, inputs, infos, ['out:0']);
      if (out === undefined) throw new Error('The graph gave nothing.');
      return out.dataSync();
    });
    ids = Int32Array.from({ length: rows }, (_, row) => chosen[3 * row] ?? 0);
  }
  return (performance.now() - start) / newTokens;
}

const eager: number[] = [];
const oneGraph: number[] = [];
for (let round = 0; round <= Number(rounds); round++) {
  const [a, b] = [eagerStep(), graphStep()];
  if (round === 0) continue; // warm-up
  eager.push(a);
  oneGraph.push(b);
}
const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const [a, b] = [middle(eager), middle(oneGraph)];
console.log(
  `${shape}, ${rows} rows: eager ${a.toFixed(2)} ms a step (${((1000 * rows) / a).toFixed(0)} tokens/s), ` +
    `one graph ${b.toFixed(2)} ms (${((1000 * rows) / b).toFixed(0)} tokens/s): ${(a / b).toFixed(2)} times as fast`,
);
