// Builds one TensorFlow graph node by node. Every operation names its element types itself, since a GraphDef holds
// them; shapes are known when the graph runs only. Variables live in the session that runs the graph.
import { bytesField, intField } from '../protobuf';

export type ElementType = 'float32' | 'int32' | 'bool';

/** One output of a node, under the name that other nodes know it by. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
}

/** A float32 tensor that stays in the session between runs; its shape is that of the newest assignment. */
export interface Variable {
  readonly handle: string;
}

/** A node that others can wait for. */
export interface Control {
  readonly node: string;
}

/** What a node's attribute holds; a plain number is an int. */
type Attribute =
  | number
  | boolean
  | string
  | { readonly type: ElementType }
  | { readonly shape: 'unknown' }
  | { readonly tensor: Buffer };

/** DataType */
const typeCode: Record<ElementType, number> = { float32: 1, int32: 3, bool: 10 };

export class TensorflowGraph {
  private readonly nodes: Buffer[] = [];
  private readonly constants = new Map<string, Value>();

  /** A tensor of any shape that each run gives. */
  input(name: string, type: ElementType): Value {
    return this.named(name, 'Placeholder', [], { dtype: { type }, shape: { shape: 'unknown' } }, type);
  }

  /** Makes a value fetchable under a name; fetching it runs these nodes too. */
  output(name: string, value: Value, after: readonly Control[] = []): void {
    this.push(name, 'Identity', [value.name, ...after.map(waitFor)], { T: { type: value.type } });
  }

  /** Makes these nodes runnable under a name, which gives a number of no meaning. */
  task(name: string, controls: readonly Control[]): void {
    this.push(name, 'Const', controls.map(waitFor), {
      dtype: { type: 'float32' },
      value: { tensor: tensorBytes('float32', [], [0]) },
    });
  }

  variable(name: string): Variable {
    this.push(name, 'VarHandleOp', [], {
      dtype: { type: 'float32' },
      shape: { shape: 'unknown' },
      shared_name: name,
    });
    return { handle: name };
  }

  read({ handle }: Variable): Value {
    return this.value('ReadVariableOp', [handle], { dtype: { type: 'float32' } }, 'float32');
  }

  assign({ handle }: Variable, value: Value): Control {
    return this.control('AssignVariableOp', [handle, value.name], { dtype: { type: 'float32' } });
  }

  float(value: number): Value {
    return this.constant('float32', [], [value]);
  }

  int(value: number): Value {
    return this.constant('int32', [], [value]);
  }

  /** A vector. */
  ints(values: readonly number[]): Value {
    return this.constant('int32', [values.length], values);
  }

  constant(type: 'float32' | 'int32', shape: readonly number[], values: readonly number[]): Value {
    const key = `${type}:${shape.join('x')}:${values.join(',')}`;
    let known = this.constants.get(key);
    if (known === undefined) {
      known = this.value('Const', [], { dtype: { type }, value: { tensor: tensorBytes(type, shape, values) } }, type);
      this.constants.set(key, known);
    }
    return known;
  }

  add(a: Value, b: Value): Value {
    return this.arithmetic('AddV2', a, b);
  }

  sub(a: Value, b: Value): Value {
    return this.arithmetic('Sub', a, b);
  }

  mul(a: Value, b: Value): Value {
    return this.arithmetic('Mul', a, b);
  }

  div(a: Value, b: Value): Value {
    return this.arithmetic('RealDiv', a, b);
  }

  minimum(a: Value, b: Value): Value {
    return this.arithmetic('Minimum', a, b);
  }

  maximum(a: Value, b: Value): Value {
    return this.arithmetic('Maximum', a, b);
  }

  less(a: Value, b: Value): Value {
    return this.value('Less', [a, b], { T: { type: a.type } }, 'bool');
  }

  lessEqual(a: Value, b: Value): Value {
    return this.value('LessEqual', [a, b], { T: { type: a.type } }, 'bool');
  }

  and(a: Value, b: Value): Value {
    return this.value('LogicalAnd', [a, b], {}, 'bool');
  }

  where(condition: Value, yes: Value, no: Value): Value {
    return this.value('SelectV2', [condition, yes, no], { T: { type: yes.type } }, yes.type);
  }

  square(x: Value): Value {
    return this.unary('Square', x);
  }

  rsqrt(x: Value): Value {
    return this.unary('Rsqrt', x);
  }

  exp(x: Value): Value {
    return this.unary('Exp', x);
  }

  log(x: Value): Value {
    return this.unary('Log', x);
  }

  sigmoid(x: Value): Value {
    return this.unary('Sigmoid', x);
  }

  /** Over the last axis. */
  softmax(x: Value): Value {
    return this.unary('Softmax', x);
  }

  cast(x: Value, type: ElementType): Value {
    return this.value('Cast', [x], { SrcT: { type: x.type }, DstT: { type } }, type);
  }

  /** Over the last axis, as are sum and max. */
  mean(x: Value, keepDims: boolean): Value {
    return this.reduce('Mean', x, keepDims);
  }

  sum(x: Value, keepDims: boolean): Value {
    return this.reduce('Sum', x, keepDims);
  }

  max(x: Value, keepDims: boolean): Value {
    return this.reduce('Max', x, keepDims);
  }

  /** Running sums along an axis. */
  cumSum(x: Value, axis: number): Value {
    return this.value('Cumsum', [x, this.int(axis)], { T: { type: x.type }, Tidx: { type: 'int32' } }, x.type);
  }

  /** The index of the largest along the last axis, which goes. */
  argMax(x: Value): Value {
    const attributes: Record<string, Attribute> = {
      T: { type: x.type },
      Tidx: { type: 'int32' },
      output_type: { type: 'int32' },
    };
    return this.value('ArgMax', [x, this.int(-1)], attributes, 'int32');
  }

  /** The k largest along the last axis, the largest first, and their indices. */
  topK(x: Value, k: number): { readonly values: Value; readonly indices: Value } {
    const attributes: Record<string, Attribute> = { T: { type: x.type }, sorted: true };
    const values = this.value('TopKV2', [x, this.int(k)], attributes, x.type);
    return { values, indices: { name: `${values.name}:1`, type: 'int32' } };
  }

  /** Of two matrices. */
  matMul(a: Value, b: Value): Value {
    return this.value('MatMul', [a, b], { T: { type: a.type } }, a.type);
  }

  /** Of the last two axes; those before are a batch, in which ones are repeated. */
  batchMatMul(a: Value, b: Value, transposeB = false): Value {
    return this.value('BatchMatMulV2', [a, b], { T: { type: a.type }, adj_y: transposeB }, a.type);
  }

  /** @param shape int32 [rank], or sizes of which one may be −1 */
  reshape(x: Value, shape: Value | readonly number[]): Value {
    const sizes = 'name' in shape ? shape : this.ints(shape);
    return this.value('Reshape', [x, sizes], { T: { type: x.type }, Tshape: { type: 'int32' } }, x.type);
  }

  /** One more axis of one entry. */
  expandDims(x: Value, axis: number): Value {
    return this.value('ExpandDims', [x, this.int(axis)], { T: { type: x.type }, Tdim: { type: 'int32' } }, x.type);
  }

  /** @param paddings int32 [rank, 2]: how many zeros go before and after along each axis */
  pad(x: Value, paddings: Value): Value {
    return this.value('Pad', [x, paddings], { T: { type: x.type }, Tpaddings: { type: 'int32' } }, x.type);
  }

  transpose(x: Value, order: readonly number[]): Value {
    return this.value('Transpose', [x, this.ints(order)], { T: { type: x.type }, Tperm: { type: 'int32' } }, x.type);
  }

  concat(parts: readonly Value[], axis: number): Value {
    const type = parts[0]?.type ?? 'float32';
    const attributes: Record<string, Attribute> = { N: parts.length, T: { type }, Tidx: { type: 'int32' } };
    return this.value('ConcatV2', [...parts, this.int(axis)], attributes, type);
  }

  split<const Sizes extends readonly number[]>(x: Value, sizes: Sizes, axis: number): { [Part in keyof Sizes]: Value } {
    return this.parts(x, this.ints(sizes), sizes.length, axis) as { [Part in keyof Sizes]: Value };
  }

  /** @param sizes int32 [2]; one of them may be −1 */
  splitInTwo(x: Value, sizes: Value, axis: number): [Value, Value] {
    return this.parts(x, sizes, 2, axis) as [Value, Value];
  }

  /** The entries of an axis by index; the first `batchAxes` axes of both run along together. */
  gather(x: Value, index: Value, axis: number, batchAxes = 0): Value {
    const attributes: Record<string, Attribute> = {
      Tparams: { type: x.type },
      Tindices: { type: 'int32' },
      Taxis: { type: 'int32' },
      batch_dims: batchAxes,
    };
    return this.value('GatherV2', [x, index, this.int(axis)], attributes, x.type);
  }

  /** 0 … count − 1 */
  range(count: Value): Value {
    return this.value('Range', [this.int(0), count, this.int(1)], { Tidx: { type: 'int32' } }, 'int32');
  }

  /** int32 [rank] */
  shape(x: Value): Value {
    return this.value('Shape', [x], { T: { type: x.type }, out_type: { type: 'int32' } }, 'int32');
  }

  /** @param shape int32 [rank] */
  fill(shape: Value, value: Value): Value {
    return this.value('Fill', [shape, value], { T: { type: value.type }, index_type: { type: 'int32' } }, value.type);
  }

  /** The GraphDef. */
  serialize(): Buffer {
    // GraphDef: node 1, versions 4 (VersionDef: producer 1)
    return Buffer.concat([...this.nodes, bytesField(4, intField(1, graphVersion))]);
  }

  private parts(x: Value, sizes: Value, count: number, axis: number): Value[] {
    const attributes: Record<string, Attribute> = { T: { type: x.type }, Tlen: { type: 'int32' }, num_split: count };
    const { name, type } = this.value('SplitV', [x, sizes, this.int(axis)], attributes, x.type);
    return Array.from({ length: count }, (_, part) => ({ name: part === 0 ? name : `${name}:${part}`, type }));
  }

  private arithmetic(operator: string, a: Value, b: Value): Value {
    return this.value(operator, [a, b], { T: { type: a.type } }, a.type);
  }

  private unary(operator: string, x: Value): Value {
    return this.value(operator, [x], { T: { type: x.type } }, x.type);
  }

  private reduce(operator: string, x: Value, keepDims: boolean): Value {
    const attributes: Record<string, Attribute> = {
      T: { type: x.type },
      Tidx: { type: 'int32' },
      keep_dims: keepDims,
    };
    return this.value(operator, [x, this.int(-1)], attributes, x.type);
  }

  private value(
    operator: string,
    inputs: readonly (Value | string)[],
    attributes: Record<string, Attribute>,
    type: ElementType,
  ): Value {
    return this.named(this.freshName(), operator, inputs, attributes, type);
  }

  private control(operator: string, inputs: readonly string[], attributes: Record<string, Attribute>): Control {
    const node = this.freshName();
    this.push(node, operator, inputs, attributes);
    return { node };
  }

  private named(
    name: string,
    operator: string,
    inputs: readonly (Value | string)[],
    attributes: Record<string, Attribute>,
    type: ElementType,
  ): Value {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    this.push(name, operator, names, attributes);
    return { name, type };
  }

  private freshName(): string {
    return `n${this.nodes.length}`;
  }

  private push(name: string, operator: string, inputs: readonly string[], attributes: Record<string, Attribute>): void {
    // NodeDef: name 1, op 2, input 3, attr 5 (a map: key 1, value 2)
    const fields = [
      bytesField(1, name),
      bytesField(2, operator),
      ...inputs.map((input) => bytesField(3, input)),
      ...Object.entries(attributes).map(([key, attribute]) =>
        bytesField(5, Buffer.concat([bytesField(1, key), bytesField(2, attributeBytes(attribute))])),
      ),
    ];
    this.nodes.push(bytesField(1, Buffer.concat(fields)));
  }
}

/** The version of GraphDef that TensorFlow 2.4 wrote: nothing here is newer. */
const graphVersion = 561;

function waitFor({ node }: Control): string {
  return `^${node}`;
}

function attributeBytes(attribute: Attribute): Buffer {
  // AttrValue: s 2, i 3, b 5, type 6, shape 7, tensor 8; TensorShapeProto: unknown_rank 3
  if (typeof attribute === 'number') return intField(3, attribute);
  if (typeof attribute === 'boolean') return intField(5, attribute ? 1 : 0);
  if (typeof attribute === 'string') return bytesField(2, attribute);
  if ('type' in attribute) return intField(6, typeCode[attribute.type]);
  if ('tensor' in attribute) return bytesField(8, attribute.tensor);
  return bytesField(7, intField(3, 1));
}

function tensorBytes(type: 'float32' | 'int32', shape: readonly number[], values: readonly number[]): Buffer {
  // TensorProto: dtype 1, tensor_shape 2 (dim 2: size 1), tensor_content 4
  const content = type === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
  return Buffer.concat([
    intField(1, typeCode[type]),
    bytesField(2, Buffer.concat(shape.map((size) => bytesField(2, intField(1, size))))),
    bytesField(4, new Uint8Array(content.buffer)),
  ]);
}
