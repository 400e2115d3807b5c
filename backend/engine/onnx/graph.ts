// Builds one ONNX graph (opset 18 + com.microsoft 1) node by node and serialises it. Used by the tracing backend,
// which turns tfjs kernels into nodes, and by the decoding graph, which is written in nodes directly.
import { bytesField, bytesFieldHeader, floatField, intField } from '../protobuf';

export type ElementType = 'float32' | 'int32' | 'int64' | 'bool';
/** TensorProto.DataType */
const elementTypeCode: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9 };

/** An attribute: whole numbers are ints; wrap floats as { float }. */
export type Attribute = number | { float: number } | string | readonly number[];

/** A size, or the name of a size that is known only when the graph runs. */
export type Dimension = number | string;

export interface ValueInfo {
  readonly name: string;
  readonly shape: readonly Dimension[];
  readonly type: ElementType;
}

/** The name of a value in the graph. An empty string leaves an optional input out. */
export type Value = string;

type Constant = Float32Array | Int32Array | BigInt64Array | Uint8Array;

interface GraphNode {
  readonly operator: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly bytes: Buffer;
}

function attributeBytes(name: string, value: Attribute): Buffer {
  // AttributeProto: name 1, f 2, i 3, s 4, ints 8, type 20 (FLOAT 1, INT 2, STRING 3, INTS 7)
  const body =
    typeof value === 'number'
      ? [intField(3, value), intField(20, 2)]
      : typeof value === 'string'
        ? [bytesField(4, value), intField(20, 3)]
        : 'float' in value
          ? [floatField(2, value.float), intField(20, 1)]
          : [...value.map((item) => intField(8, item)), intField(20, 7)];
  return bytesField(5, Buffer.concat([bytesField(1, name), ...body]));
}

function valueInfoBytes(info: ValueInfo): Buffer {
  // TensorShapeProto.Dimension: dim_value 1, dim_param 2
  const dimensions = info.shape.map((size) =>
    bytesField(1, typeof size === 'number' ? intField(1, size) : bytesField(2, size)),
  );
  const tensorType = Buffer.concat([intField(1, elementTypeCode[info.type]), bytesField(2, Buffer.concat(dimensions))]);
  return Buffer.concat([bytesField(1, info.name), bytesField(2, bytesField(1, tensorType))]);
}

export class OnnxGraph {
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  private readonly nodes: GraphNode[] = [];
  /** The parts of each stored tensor's bytes, by name. */
  private readonly initializers = new Map<Value, readonly Uint8Array[]>();
  private readonly constants = new Map<string, Value>();
  private counter = 0;

  /** Nodes that some output needs; the others are left out of the serialised graph. */
  get nodeCount(): number {
    return this.neededNodes().nodes.length;
  }

  /** How often each operator occurs among the needed nodes, for tests and the docs. */
  get operatorCounts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { operator } of this.neededNodes().nodes) counts.set(operator, (counts.get(operator) ?? 0) + 1);
    return counts;
  }

  /** A fresh value name. */
  name(prefix = 't'): Value {
    return `${prefix}_${this.counter++}`;
  }

  input(name: string, shape: readonly Dimension[], type: ElementType): Value {
    this.inputs.push({ name, shape, type });
    return name;
  }

  /** Makes a value an output of the graph under a name of its own. */
  output(value: Value, name: string, shape: readonly Dimension[], type: ElementType): void {
    this.push('Identity', [value], [name], {}, '');
    this.outputs.push({ name, shape, type });
  }

  /** Makes a value an output of the graph under the name it has, without the copy of an Identity node. */
  namedOutput(name: Value, shape: readonly Dimension[], type: ElementType): void {
    this.outputs.push({ name, shape, type });
  }

  /** A node with one output. */
  node(operator: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}, domain = ''): Value {
    const output = this.name();
    this.push(operator, inputs, [output], attributes, domain);
    return output;
  }

  /** A node with several outputs; pass '' for an optional output that is not wanted. */
  nodeWithOutputs(
    operator: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): void {
    this.push(operator, inputs, outputs, attributes, domain);
  }

  /** A node of the com.microsoft domain with one output. */
  contrib(operator: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    return this.node(operator, inputs, attributes, 'com.microsoft');
  }

  /** A stored tensor under a given name; the data is copied now. */
  initializer(name: string, shape: readonly number[], data: Constant): Value {
    return this.weight(name, shape, data.slice());
  }

  /** A stored tensor under a given name that is not copied: the data is read when the graph is serialised. */
  weight(name: string, shape: readonly number[], data: Constant): Value {
    // TensorProto: dims 1, data_type 2, name 8, raw_data 9
    const type: ElementType =
      data instanceof Float32Array
        ? 'float32'
        : data instanceof Int32Array
          ? 'int32'
          : data instanceof BigInt64Array
            ? 'int64'
            : 'bool';
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const head = Buffer.concat([
      ...shape.map((size) => intField(1, size)),
      intField(2, elementTypeCode[type]),
      bytesField(8, name),
      bytesFieldHeader(9, raw.length),
    ]);
    this.initializers.set(name, [bytesFieldHeader(5, head.length + raw.length), head, raw]);
    return name;
  }

  /** A constant, stored once for equal content when it is small. */
  constant(shape: readonly number[], data: Constant): Value {
    const key = data.length <= 64 ? `${data.constructor.name}:${shape.join('x')}:${data.join(',')}` : undefined;
    const known = key === undefined ? undefined : this.constants.get(key);
    if (known !== undefined) return known;
    const value = this.initializer(this.name('c'), shape, data);
    if (key !== undefined) this.constants.set(key, value);
    return value;
  }

  scalar(value: number): Value {
    return this.constant([], new Float32Array([value]));
  }

  /** A 1-D int64 constant: shapes, axes, split sizes. */
  int64s(values: readonly number[]): Value {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  /** The ModelProto's bytes; every stored tensor is copied once. */
  serialize(): Uint8Array {
    // GraphProto: node 1, name 2, initializer 5, input 11, output 12
    const { nodes, values } = this.neededNodes();
    const graph: Uint8Array[] = [
      ...nodes.map((node) => node.bytes),
      bytesField(2, 'superrl'),
      ...[...this.initializers].flatMap(([name, parts]) => (values.has(name) ? parts : [])),
      ...this.inputs.map((info) => bytesField(11, valueInfoBytes(info))),
      ...this.outputs.map((info) => bytesField(12, valueInfoBytes(info))),
    ];
    const graphLength = graph.reduce((sum, part) => sum + part.length, 0);
    // ModelProto: ir_version 1, graph 7, opset_import 8 (domain 1, version 2)
    return Buffer.concat([
      intField(1, 9),
      bytesField(8, Buffer.concat([bytesField(1, ''), intField(2, 18)])),
      bytesField(8, Buffer.concat([bytesField(1, 'com.microsoft'), intField(2, 1)])),
      bytesFieldHeader(7, graphLength),
      ...graph,
    ]);
  }

  /**
   * Largest number of bytes alive at once when the needed nodes run in their order, inputs and constants left out:
   * what a runtime's arena has to hold.
   */
  peakBytes(sizeOf: (value: Value) => number): number {
    const { nodes } = this.neededNodes();
    const lastUse = new Map<Value, number>();
    nodes.forEach((node, index) => {
      for (const value of node.inputs) lastUse.set(value, index);
    });
    for (const output of this.outputs) lastUse.set(output.name, nodes.length);
    const produced = new Set<Value>();
    let alive = 0;
    let peak = 0;
    nodes.forEach((node, index) => {
      for (const value of node.outputs) {
        alive += sizeOf(value);
        produced.add(value);
      }
      peak = Math.max(peak, alive);
      for (const value of new Set([...node.inputs, ...node.outputs])) {
        if (produced.has(value) && (lastUse.get(value) ?? index) === index) alive -= sizeOf(value);
      }
    });
    return peak;
  }

  private neededNodes(): { nodes: GraphNode[]; values: Set<Value> } {
    const values = new Set<Value>(this.outputs.map((output) => output.name));
    const nodes: GraphNode[] = [];
    for (const node of this.nodes.toReversed()) {
      if (!node.outputs.some((output) => values.has(output))) continue;
      nodes.push(node);
      for (const input of node.inputs) values.add(input);
    }
    return { nodes: nodes.reverse(), values };
  }

  private push(
    operator: string,
    inputs: readonly Value[],
    outputs: readonly Value[],
    attributes: Record<string, Attribute>,
    domain: string,
  ): void {
    // NodeProto: input 1, output 2, op_type 4, attribute 5, domain 7
    const bytes = bytesField(
      1,
      Buffer.concat([
        ...inputs.map((value) => bytesField(1, value)),
        ...outputs.map((value) => bytesField(2, value)),
        bytesField(4, operator),
        ...Object.entries(attributes).map(([name, value]) => attributeBytes(name, value)),
        ...(domain ? [bytesField(7, domain)] : []),
      ]),
    );
    this.nodes.push({ operator, inputs, outputs, bytes });
  }
}
