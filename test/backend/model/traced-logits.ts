// All logits of one row by the traced model, for comparisons with other libraries: the engine itself never makes them.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { idleThreads } from '../../../backend/engine/onnx/idle-threads';
import { traceProgram } from '../../../backend/engine/onnx/trace';
import { allLogits } from '../../../backend/engine/tensor/decoder-model';
import { type ModelConfig, weightShapes } from '../../../backend/model/model-config';
import type { NamedTensors } from '../../../backend/model/named-tensors';

/** For rows of up to `tokens` tokens: given weights and a row's ids, its logits [ids, vocabulary]. */
export async function createTracedLogits(
  config: ModelConfig,
  tokens: number,
): Promise<(weights: NamedTensors, ids: readonly number[]) => Promise<Float32Array>> {
  const trace = traceProgram((t) => {
    const tensors = new Map([...weightShapes(config)].map(([name, shape]) => [name, t.input(name, shape, 'float32')]));
    const tokenIds = t.input('tokenIds', [1, tokens], 'int32');
    t.output('logits', allLogits(config, { tensors, adapters: new Map() }, tokenIds));
  });
  const session = await InferenceSession.create(trace.graph.serialize(), {
    enableMemPattern: false,
    extra: idleThreads,
  });
  return async (weights, ids) => {
    const feeds = Object.fromEntries(
      [...weights].map(([name, { shape, data }]) => [name, new OrtTensor('float32', data, shape)]),
    );
    // What stands after a token doesn't change its logits.
    const padded = Int32Array.from({ length: tokens }, (_, at) => ids[at] ?? 0);
    const { logits } = await session.run({ ...feeds, tokenIds: new OrtTensor('int32', padded, [1, tokens]) });
    if (!(logits?.data instanceof Float32Array)) throw new Error('The graph gave no logits.');
    return logits.data.slice(0, ids.length * config.vocabularySize);
  };
}
