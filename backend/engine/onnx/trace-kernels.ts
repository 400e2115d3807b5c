// The tfjs kernels that the model, the losses and their gradients use, each as ONNX nodes. A kernel that is missing
// here makes tfjs fail with its name while tracing, never at run time.
import { tf } from '../tensor/tfjs';
import type { Attribute, Value } from './graph';
import { type Trace, type TraceBackend, traceBackendName } from './trace-backend';

type Inputs = Record<string, tf.TensorInfo>;
type Attributes = Record<string, unknown>;
export type TraceKernel = (trace: Trace, inputs: Inputs, attributes: Attributes) => tf.TensorInfo | tf.TensorInfo[];

/** Says how an operation of tfjs becomes nodes of the graph being traced. */
export function registerTraceKernel(kernelName: string, kernel: TraceKernel): void {
  tf.registerKernel({
    kernelName,
    backendName: traceBackendName,
    kernelFunc: ({ inputs, backend, attrs }) =>
      kernel((backend as TraceBackend).trace, inputs as Inputs, (attrs ?? {}) as Attributes),
  });
}

type DataType = 'float32' | 'int32' | 'bool';

/** An input of a kernel, by name. */
export function input(inputs: Inputs, name: string): tf.TensorInfo {
  const tensor = inputs[name];
  if (tensor === undefined) throw new Error(`A kernel was called without its input ${name}.`);
  return tensor;
}

function emit(
  trace: Trace,
  operator: string,
  values: readonly Value[],
  shape: readonly number[],
  dtype: tf.DataType,
  attributes: Record<string, Attribute> = {},
): tf.TensorInfo {
  return trace.tensor(trace.graph.node(operator, values, attributes), shape, dtype as DataType);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, index) => size === b[index]);
}

/** A constant whose elements are all equal goes in as a scalar when the other operand has the result's shape. */
function operand(trace: Trace, tensor: tf.TensorInfo, other: tf.TensorInfo, shape: readonly number[]): Value {
  const uniform = sameShape(other.shape, shape) ? trace.uniform(tensor) : undefined;
  return uniform === undefined ? trace.value(tensor) : trace.scalar(uniform, tensor.dtype as DataType);
}

function registerBinary(kernelName: string, operator: string, comparison: boolean): void {
  registerTraceKernel(kernelName, (trace, inputs) => {
    const a = input(inputs, 'a');
    const b = input(inputs, 'b');
    const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const first = operand(trace, a, b, shape);
    // At most one of the two may become a scalar, or the result would lose its shape.
    const second = trace.numbers(a) === undefined ? operand(trace, b, a, shape) : trace.value(b);
    return emit(trace, operator, [first, second], shape, comparison ? 'bool' : a.dtype);
  });
}

function registerUnary(kernelName: string, operator: string): void {
  registerTraceKernel(kernelName, (trace, inputs) => {
    const x = input(inputs, 'x');
    return emit(trace, operator, [trace.value(x)], x.shape, x.dtype);
  });
}

function registerReduction(kernelName: string, operator: string, axisAttribute: string): void {
  registerTraceKernel(kernelName, (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const axes = tf.util.parseAxisParam(attributes[axisAttribute] as number | number[], x.shape);
    const keepDims = Boolean(attributes.keepDims);
    const shape = x.shape.flatMap((size, axis) => (axes.includes(axis) ? (keepDims ? [1] : []) : [size]));
    const values = [trace.value(x), trace.graph.int64s(axes)];
    return emit(trace, operator, values, shape, x.dtype, { keepdims: keepDims ? 1 : 0 });
  });
}

/** Shape of a batched product. */
export function productShape(a: readonly number[], b: readonly number[], transposeA: boolean, transposeB: boolean) {
  const batch = (a.length >= b.length ? a : b).slice(0, -2);
  return [...batch, a.at(transposeA ? -1 : -2) ?? 0, b.at(transposeB ? -2 : -1) ?? 0];
}

function view(trace: Trace, x: tf.TensorInfo, shape: readonly number[]): tf.TensorInfo {
  const numbers = trace.numbers(x);
  if (numbers !== undefined) {
    return { dataId: trace.constant(numbers, shape, x.dtype), shape: [...shape], dtype: x.dtype };
  }
  if (sameShape(x.shape, shape)) return trace.tensor(trace.value(x), shape, x.dtype as DataType);
  return emit(trace, 'Reshape', [trace.value(x), trace.graph.int64s(shape)], shape, x.dtype);
}

/** Once a process: every operation of tfjs that the model and the losses use. */
export function registerTraceKernels(): void {
  for (const [kernel, operator] of [
    ['Add', 'Add'],
    ['Sub', 'Sub'],
    ['Multiply', 'Mul'],
    ['RealDiv', 'Div'],
    ['Minimum', 'Min'],
    ['Maximum', 'Max'],
  ] as const) {
    registerBinary(kernel, operator, false);
  }
  for (const [kernel, operator] of [
    ['Greater', 'Greater'],
    ['GreaterEqual', 'GreaterOrEqual'],
    ['Less', 'Less'],
    ['LessEqual', 'LessOrEqual'],
    ['Equal', 'Equal'],
  ] as const) {
    registerBinary(kernel, operator, true);
  }
  for (const kernel of ['Exp', 'Log', 'Neg', 'Sigmoid', 'Sqrt'] as const) registerUnary(kernel, kernel);
  registerTraceKernel('Square', (trace, inputs) => {
    const x = input(inputs, 'x');
    return emit(trace, 'Mul', [trace.value(x), trace.value(x)], x.shape, x.dtype);
  });
  registerTraceKernel('Rsqrt', (trace, inputs) => {
    const x = input(inputs, 'x');
    return emit(trace, 'Reciprocal', [trace.graph.node('Sqrt', [trace.value(x)])], x.shape, x.dtype);
  });

  registerReduction('Sum', 'ReduceSum', 'axis');
  registerReduction('Mean', 'ReduceMean', 'axis');
  registerReduction('Max', 'ReduceMax', 'reductionIndices');

  registerTraceKernel('Identity', (trace, inputs) => {
    const x = input(inputs, 'x');
    return view(trace, x, x.shape);
  });
  registerTraceKernel('Reshape', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const size = tf.util.sizeFromShape(x.shape);
    return view(trace, x, tf.util.inferFromImplicitShape(attributes.shape as number[], size));
  });
  registerTraceKernel('Cast', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const dtype = attributes.dtype as DataType;
    if (x.dtype === dtype) return view(trace, x, x.shape);
    const to = { float32: 1, int32: 6, bool: 9 }[dtype]; // TensorProto.DataType
    return emit(trace, 'Cast', [trace.value(x)], x.shape, dtype, { to });
  });
  registerTraceKernel('Fill', (trace, _, attributes) => {
    const shape = attributes.shape as number[];
    const numbers = new Float32Array(tf.util.sizeFromShape(shape)).fill(attributes.value as number);
    return { dataId: trace.constant(numbers, shape, 'float32'), shape, dtype: 'float32' };
  });
  registerTraceKernel('ZerosLike', (trace, inputs) => {
    const { shape, dtype } = input(inputs, 'x');
    const numbers = new Float32Array(tf.util.sizeFromShape(shape));
    return { dataId: trace.constant(numbers, shape, dtype), shape, dtype };
  });

  registerTraceKernel('Transpose', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const perm = attributes.perm as number[];
    const shape = perm.map((axis) => x.shape[axis] ?? 0);
    return emit(trace, 'Transpose', [trace.value(x)], shape, x.dtype, { perm });
  });
  registerTraceKernel('Concat', (trace, inputs, attributes) => {
    const parts = Object.values(inputs);
    const [first] = parts;
    if (first === undefined) throw new Error('Nothing to concatenate.');
    const [axis = 0] = tf.util.parseAxisParam(attributes.axis as number, first.shape);
    const shape = first.shape.map((size, at) =>
      at === axis ? parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0) : size,
    );
    const values = parts.map((part) => trace.value(part));
    return emit(trace, 'Concat', values, shape, first.dtype, { axis });
  });
  registerTraceKernel('SplitV', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const [axis = 0] = tf.util.parseAxisParam(attributes.axis as number, x.shape);
    const sizes = tf.backend_util.prepareSplitSize(
      tf.engine().makeTensorFromTensorInfo(x),
      attributes.numOrSizeSplits as number | number[],
      axis,
    );
    const outputs = sizes.map(() => trace.graph.name());
    trace.graph.nodeWithOutputs('Split', [trace.value(x), trace.graph.int64s(sizes)], outputs, { axis });
    return outputs.map((output, part) => {
      const shape = x.shape.map((size, at) => (at === axis ? (sizes[part] ?? 0) : size));
      return trace.tensor(output, shape, x.dtype as DataType);
    });
  });
  registerTraceKernel('GatherV2', (trace, inputs, attributes) => {
    const x = input(inputs, 'x');
    const indices = input(inputs, 'indices');
    const axis = attributes.axis as number;
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return emit(trace, 'Gather', [trace.value(x), trace.value(indices)], shape, x.dtype, { axis });
  });

  registerTraceKernel('BatchMatMul', (trace, inputs, attributes) => {
    const a = input(inputs, 'a');
    const b = input(inputs, 'b');
    const transposeA = Boolean(attributes.transposeA);
    const transposeB = Boolean(attributes.transposeB);
    const shape = productShape(a.shape, b.shape, transposeA, transposeB);
    const values = [trace.value(a), trace.value(b)];
    if (!transposeA && !transposeB) return emit(trace, 'MatMul', values, shape, 'float32');
    const transposes = { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 };
    return trace.tensor(trace.graph.contrib('FusedMatMul', values, transposes), shape, 'float32');
  });
  registerTraceKernel('Softmax', (trace, inputs) => {
    const logits = input(inputs, 'logits');
    return emit(trace, 'Softmax', [trace.value(logits)], logits.shape, 'float32', { axis: -1 });
  });
}
