// Merges adapters into the weights that they belong to, W + scale · B·A, by one matrix product each.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { NamedTensor, NamedTensors } from '../../model/named-tensors';
import type { AdapterNames } from '../lora';
import { OnnxGraph } from './graph';
import { idleThreads } from './idle-threads';

/** The merged weights, new arrays, by the names of the adapted weights. */
export async function mergeAdapters(
  adapters: ReadonlyMap<string, AdapterNames>,
  tensors: NamedTensors,
  threads: number,
): Promise<NamedTensors> {
  const tensor = (name: string): NamedTensor => {
    const found = tensors.get(name);
    if (found === undefined) throw new Error(`The tensor ${name} is not loaded.`);
    return found;
  };
  const sessions = new Map<string, InferenceSession>(); // by shape: the layers of a model have few
  const merged = new Map<string, NamedTensor>();
  for (const [name, { a, b, scale }] of adapters) {
    const inputs = { w: tensor(name), a: tensor(a), b: tensor(b) };
    const key = `${inputs.w.shape.join('x')}:${inputs.a.shape[0]}:${scale}`;
    const session = sessions.get(key) ?? (await mergeSession(inputs, scale, threads));
    sessions.set(key, session);
    const feeds = Object.entries(inputs).map(([input, { shape, data }]) => [
      input,
      new OrtTensor('float32', data, shape),
    ]);
    const data = (await session.run(Object.fromEntries(feeds))).merged?.data;
    if (!(data instanceof Float32Array)) throw new Error('Merging gave no float32 weight.');
    merged.set(name, { shape: inputs.w.shape, data });
  }
  for (const session of sessions.values()) await session.release();
  return merged;
}

function mergeSession(
  inputs: Record<'w' | 'a' | 'b', NamedTensor>,
  scale: number,
  threads: number,
): Promise<InferenceSession> {
  const graph = new OnnxGraph();
  for (const [name, { shape }] of Object.entries(inputs)) graph.input(name, shape, 'float32');
  const merged = graph.node('Gemm', ['b', 'a', 'w'], { alpha: { float: scale } });
  graph.output(merged, 'merged', inputs.w.shape, 'float32');
  return InferenceSession.create(graph.serialize(), { intraOpNumThreads: threads, extra: idleThreads });
}
