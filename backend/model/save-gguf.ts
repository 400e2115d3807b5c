// Writes a model as a GGUF file for llama.cpp: matrices as F16 or Q8_0, norms and biases as F32, tokenizer and chat
// template inside. Names and metadata as llama.cpp's convert_hf_to_gguf.py writes them.
import { type FileHandle, open } from 'node:fs/promises';
import { errorText, SuperRlError } from '../protocol/errors';
import { alignUp, type GgufValue } from './gguf-file';
import { ggufName, interleavedHeads, interleaveRows } from './gguf-names';
import { quantizeQ8 } from './gguf-quants';
import { writeGgufTokenizer } from './gguf-tokenizer';
import { encodeHalfArray } from './half-precision';
import { type ModelConfig, weightShapes } from './model-config';
import type { NamedTensors } from './named-tensors';
import { ropeDivisors } from './rope-frequencies';
import type { Tokenizer } from './tokenizer';

export type GgufDtype = 'float16' | 'q8_0';

const alignment = 32;
const ggmlTypes = { F32: 0, F16: 1, Q8_0: 8 } as const;
/** llama.cpp's names of whole files' types. */
const fileTypes: Record<GgufDtype, number> = { float16: 1, q8_0: 7 };

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: keyof typeof ggmlTypes;
  readonly values: () => Float32Array;
}

/** Writes the file, flushed to the disk; not atomic: write to a new name and rename. */
export async function saveGguf(
  file: string,
  model: { config: ModelConfig; weights: NamedTensors; tokenizer: Tokenizer },
  dtype: GgufDtype,
): Promise<void> {
  const { config, tokenizer } = model;
  const metadata = new Map<string, GgufMetadata>([
    ...configMetadata(config, dtype),
    ...[...writeGgufTokenizer(tokenizer, config.vocabularySize)].map(([key, value]) => [key, typed(value)] as const),
  ]);
  const tensors = storedTensors(model, dtype);
  for (const tensor of tensors) refuseOverflow(tensor);
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'w');
    const head = encodeHead(metadata, tensors);
    await handle.write(head);
    for (const tensor of tensors) {
      const bytes = encodeTensor(tensor.type, tensor.values());
      const padded = new Uint8Array(alignUp(bytes.byteLength, alignment));
      padded.set(bytes);
      for (let done = 0; done < padded.length; ) done += (await handle.write(padded, done)).bytesWritten;
    }
    await handle.sync();
  } catch (cause) {
    throw new SuperRlError(
      'storage',
      `cannot write the model (${errorText(cause)}). Free some space or choose another folder.`,
      { place: { file }, cause },
    );
  } finally {
    await handle?.close();
  }
}

/** A metadata value with GGUF's type number. */
type GgufMetadata = { readonly type: number; readonly value: GgufValue };
const types = { uint32: 4, int32: 5, float32: 6, boolean: 7, string: 8, array: 9 } as const;

const uint32 = (value: number): GgufMetadata => ({ type: types.uint32, value });
const float32 = (value: number): GgufMetadata => ({ type: types.float32, value });
const text = (value: string): GgufMetadata => ({ type: types.string, value });

/** Tokenizer metadata: ids are unsigned, arrays are of strings or of signed token types. */
function typed(value: GgufValue): GgufMetadata {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') return uint32(value);
  return { type: typeof value === 'boolean' ? types.boolean : types.array, value };
}

function configMetadata(config: ModelConfig, dtype: GgufDtype): [string, GgufMetadata][] {
  const at = config.architecture;
  return [
    ['general.architecture', text(at)],
    ['general.alignment', uint32(alignment)],
    ['general.file_type', uint32(fileTypes[dtype])],
    ['general.quantization_version', uint32(2)],
    [`${at}.block_count`, uint32(config.layers)],
    [`${at}.context_length`, uint32(config.contextLength)],
    [`${at}.embedding_length`, uint32(config.hiddenSize)],
    [`${at}.feed_forward_length`, uint32(config.intermediateSize)],
    [`${at}.attention.head_count`, uint32(config.heads)],
    [`${at}.attention.head_count_kv`, uint32(config.kvHeads)],
    [`${at}.attention.key_length`, uint32(config.headDim)],
    [`${at}.attention.value_length`, uint32(config.headDim)],
    [`${at}.attention.layer_norm_rms_epsilon`, float32(config.rmsNormEpsilon)],
    [`${at}.rope.dimension_count`, uint32(config.headDim)],
    [`${at}.rope.freq_base`, float32(config.ropeTheta)],
    [`${at}.vocab_size`, uint32(config.vocabularySize)],
  ];
}

function storedTensors(model: { config: ModelConfig; weights: NamedTensors }, dtype: GgufDtype): Stored[] {
  const { config, weights } = model;
  const tensors: Stored[] = [];
  for (const [name, shape] of weightShapes(config)) {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new SuperRlError('internal', `saveGguf was given no ${name}.`);
    const heads = interleavedHeads(name, config);
    tensors.push({
      name: ggufName(name),
      shape,
      type: storedType(shape, dtype),
      values: () => (heads === undefined ? tensor.data : interleaveRows(tensor.data, heads, shape[0] ?? 0)),
    });
  }
  const scaling = config.ropeScaling;
  if (scaling !== undefined) {
    const values = Float32Array.from(ropeDivisors(config, scaling));
    tensors.push({ name: 'rope_freqs.weight', shape: [values.length], type: 'F32', values: () => values });
  }
  return tensors;
}

/** Vectors stay F32; rows that are no multiple of 32 can't be Q8_0 and are F16, as in llama.cpp. */
function storedType(shape: readonly number[], dtype: GgufDtype): Stored['type'] {
  if (shape.length === 1) return 'F32';
  return dtype === 'q8_0' && (shape[1] ?? 0) % 32 === 0 ? 'Q8_0' : 'F16';
}

function refuseOverflow({ name, type, values }: Stored): void {
  if (type === 'F16' && values().some((value) => Math.abs(value) > 65504)) {
    throw new SuperRlError(
      'unsupported',
      `${name} has values beyond float16’s range; export as q8_0, or as a folder in bfloat16.`,
    );
  }
}

function encodeTensor(type: Stored['type'], values: Float32Array): Uint8Array {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return type === 'Q8_0' ? quantizeQ8(values) : new Uint8Array(encodeHalfArray(values, 'float16').buffer);
}

function storedBytes({ shape, type }: Stored): number {
  const values = shape.reduce((product, size) => product * size, 1);
  return type === 'Q8_0' ? (values / 32) * 34 : values * (type === 'F16' ? 2 : 4);
}

function encodeHead(metadata: ReadonlyMap<string, GgufMetadata>, tensors: readonly Stored[]): Buffer {
  const parts: Buffer[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(metadata.size)];
  for (const [key, { type, value }] of metadata) parts.push(string(key), u32(type), encodeValue(type, value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(string(tensor.name), u32(tensor.shape.length));
    for (const size of [...tensor.shape].reverse()) parts.push(u64(size));
    parts.push(u32(ggmlTypes[tensor.type]), u64(offset));
    offset += alignUp(storedBytes(tensor), alignment);
  }
  const head = Buffer.concat(parts);
  return Buffer.concat([head], alignUp(head.length, alignment));
}

function encodeValue(type: number, value: GgufValue): Buffer {
  if (typeof value === 'string') return string(value);
  if (typeof value === 'boolean') return Buffer.from([value ? 1 : 0]);
  if (typeof value !== 'number') {
    const itemType = typeof value[0] === 'string' || value.length === 0 ? types.string : types.int32;
    return Buffer.concat([u32(itemType), u64(value.length), ...value.map((item) => encodeValue(itemType, item))]);
  }
  const bytes = Buffer.alloc(4);
  if (type === types.float32) bytes.writeFloatLE(value);
  else if (type === types.int32) bytes.writeInt32LE(value);
  else bytes.writeUInt32LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function string(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}
