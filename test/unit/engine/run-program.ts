// Runs a small tfjs program twice: eagerly on tfjs-backend-cpu, and traced and run by ONNX Runtime.
import '@tensorflow/tfjs-backend-cpu';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { traceProgram } from '../../../backend/engine/onnx/trace';
import { type Tensor, tf } from '../../../backend/engine/tensor/tfjs';

export interface ProgramInput {
  shape: number[];
  data: Float32Array | Int32Array;
}
export type Program = (inputs: Record<string, Tensor>) => Record<string, Tensor>;
export type Numbers = Record<string, number[]>;

export function runEagerly(inputs: Record<string, ProgramInput>, program: Program): Numbers {
  void tf.setBackend('cpu');
  return tf.tidy(() => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32'),
      ]),
    );
    const outputs = program(tensors);
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  }) as Numbers;
}

export async function runTraced(
  inputs: Record<string, ProgramInput>,
  program: Program,
): Promise<{ numbers: Numbers; operators: ReadonlyMap<string, number>; peakBytes: number }> {
  const trace = traceProgram((t) => {
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        t.input(name, shape, data instanceof Int32Array ? 'int32' : 'float32'),
      ]),
    );
    for (const [name, tensor] of Object.entries(program(tensors))) t.output(`out:${name}`, tensor);
  });
  const session = await InferenceSession.create(trace.graph.serialize(), {
    intraOpNumThreads: 1,
    enableMemPattern: false,
  });
  const feeds = Object.fromEntries(
    Object.entries(inputs)
      .filter(([name]) => session.inputNames.includes(name))
      .map(([name, { shape, data }]) => [
        name,
        data instanceof Int32Array ? new OrtTensor('int32', data, shape) : new OrtTensor('float32', data, shape),
      ]),
  );
  const outputs = await session.run(feeds);
  const numbers = Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [
      name.slice('out:'.length),
      [...(value.data as Float32Array | Int32Array)],
    ]),
  );
  await session.release();
  return { numbers, operators: trace.graph.operatorCounts, peakBytes: trace.peakBytes() };
}

/** Deterministic numbers in (−scale, scale). */
export function numbers(shape: number[], seed: number, scale = 1): ProgramInput {
  let state = seed * 2654435761 + 1;
  const size = shape.reduce((product, length) => product * length, 1);
  const data = Float32Array.from({ length: size }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return (state / 2 ** 31 - 1) * scale;
  });
  return { shape, data };
}

/** The outputs of `value` and its gradients under an upstream gradient `dy`, by input name. */
export function withGradients(names: string[], value: (inputs: Record<string, Tensor>) => Tensor): Program {
  return (inputs) => {
    const sources = names.map((name) => inputs[name]!);
    const { value: y, grads } = tf.engine().gradients(() => value(inputs), sources, inputs.dy);
    return { y, ...Object.fromEntries(names.map((name, index) => [name, grads[index]!])) };
  };
}

export function largestDifference(a: Numbers, b: Numbers): number {
  let largest = 0;
  for (const [name, values] of Object.entries(a)) {
    if (b[name]?.length !== values.length) return Number.POSITIVE_INFINITY;
    values.forEach((value, index) => {
      const difference = Math.abs(value - b[name]![index]!);
      largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largest, difference);
    });
  }
  return largest;
}
