// A tfjs backend that computes nothing: its kernels (trace-kernels.ts) write ONNX nodes, so that running a tfjs
// program once under it, tape and gradients included, yields the program as one static graph.
import { type Tensor, tf } from '../tensor/tfjs';
import { type ElementType, OnnxGraph, type Value } from './graph';
import type { OnnxProvider } from './provider';

export const traceBackendName = 'onnx-trace';

/** A tensor during a trace: a value of the graph, or numbers that become a constant when they are used. */
interface TracedData {
  readonly shape: readonly number[];
  readonly type: ElementType;
  readonly numbers: tf.TypedArray | undefined;
  value: Value | undefined;
}

const bytesOf: Record<ElementType, number> = { float32: 4, int32: 4, int64: 8, bool: 1 };

function elementType(dtype: tf.DataType): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`Tensors of type ${dtype} cannot be traced.`);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** One graph in the making. */
export class Trace {
  readonly graph = new OnnxGraph();
  /** @param provider where the graph will run: some have no use of an operator's optional outputs */
  constructor(readonly provider: OnnxProvider) {}

  private readonly data = new Map<object, TracedData>();
  private readonly bytes = new Map<Value, number>();

  /** A graph input as a tensor. */
  input(name: string, shape: readonly number[], type: 'float32' | 'int32'): Tensor {
    const value = this.graph.input(name, shape, type);
    return tf.engine().makeTensorFromTensorInfo(this.tensor(value, shape, type));
  }

  /** Makes a tensor an output of the graph. */
  output(name: string, tensor: tf.TensorInfo): void {
    this.graph.output(this.value(tensor), name, tensor.shape, elementType(tensor.dtype));
    this.bytes.set(name, sizeOf(tensor.shape) * 4);
  }

  /** What the runtime has to hold at once besides inputs and constants. */
  peakBytes(): number {
    return this.graph.peakBytes((value) => this.bytes.get(value) ?? 0);
  }

  /** A tensor for a value that a node has just produced. */
  tensor(value: Value, shape: readonly number[], dtype: 'float32' | 'int32' | 'bool'): tf.TensorInfo {
    const dataId = {};
    this.data.set(dataId, { shape, type: dtype, numbers: undefined, value });
    this.bytes.set(value, sizeOf(shape) * bytesOf[dtype]);
    return { dataId, shape: [...shape], dtype };
  }

  constant(numbers: tf.TypedArray, shape: readonly number[], dtype: tf.DataType): object {
    const dataId = {};
    this.data.set(dataId, { shape, type: elementType(dtype), numbers, value: undefined });
    return dataId;
  }

  /** The numbers of a constant that is not yet part of the graph. */
  numbers(tensor: tf.TensorInfo): tf.TypedArray | undefined {
    return this.entry(tensor.dataId).numbers;
  }

  /** The number that all elements of a constant share. */
  uniform(tensor: tf.TensorInfo): number | undefined {
    const numbers = this.numbers(tensor);
    const first = numbers?.[0];
    if (numbers === undefined || first === undefined) return undefined;
    return numbers.every((number) => number === first) ? first : undefined;
  }

  /** The graph's value of a tensor. A uniform constant is an Expand of a scalar, so that it costs no bytes. */
  value(tensor: tf.TensorInfo): Value {
    const entry = this.entry(tensor.dataId);
    if (entry.value !== undefined) return entry.value;
    const uniform = this.uniform(tensor);
    if (uniform !== undefined) {
      const scalar = this.scalar(uniform, entry.type);
      entry.value =
        entry.shape.length === 0 ? scalar : this.graph.node('Expand', [scalar, this.graph.int64s(entry.shape)]);
      this.bytes.set(entry.value, sizeOf(entry.shape) * bytesOf[entry.type]);
    } else {
      entry.value = this.graph.constant(entry.shape, typed(entry.numbers ?? [], entry.type));
    }
    return entry.value;
  }

  scalar(number: number, type: ElementType): Value {
    return this.graph.constant([], typed([number], type));
  }

  private entry(dataId: object): TracedData {
    const entry = this.data.get(dataId);
    if (entry === undefined) throw new Error('A tensor of another backend or trace was used in a trace.');
    return entry;
  }
}

function typed(numbers: ArrayLike<number>, type: ElementType): Float32Array | Int32Array | Uint8Array {
  if (type === 'float32') return Float32Array.from(numbers);
  return type === 'int32' ? Int32Array.from(numbers) : Uint8Array.from(numbers);
}

export class TraceBackend extends tf.KernelBackend {
  private current: Trace | undefined;

  get trace(): Trace {
    if (this.current === undefined) throw new Error('A tensor operation ran outside of a trace.');
    return this.current;
  }

  /** Runs `program` under a fresh trace; the backend that was active before is active again afterwards. */
  record(provider: OnnxProvider, program: (trace: Trace) => void): Trace {
    const before = tf.engine().backendName;
    const trace = new Trace(provider);
    // Both switches happen synchronously: neither backend needs waiting for.
    void tf.setBackend(traceBackendName);
    this.current = trace;
    try {
      tf.tidy(() => program(trace));
      return trace;
    } finally {
      this.current = undefined;
      if (before && before !== traceBackendName) void tf.setBackend(before);
    }
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): object {
    return this.trace.constant(values as tf.TypedArray, shape, dtype);
  }

  override move(): void {
    throw new Error('Tensors cannot be moved into a trace.');
  }

  override readSync(): never {
    throw new Error('A traced value has no numbers to read.');
  }

  override read(): never {
    return this.readSync();
  }

  override disposeData(): boolean {
    return true; // A trace keeps its records until it ends.
  }

  override numDataIds(): number {
    return 0;
  }

  override refCount(): number {
    return 1;
  }

  override incRef(): void {}

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {}
}
