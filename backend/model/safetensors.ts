// The safetensors format (https://github.com/huggingface/safetensors): 8 bytes of header length, a JSON header,
// raw little-endian tensors. Read and written in chunks, so that beside the weights only some MiB are in memory.
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { SuperRlError } from '../protocol/errors';
import { decodeBfloat16Array, decodeFloat16Array, encodeHalfArray } from './half-precision';
import type { NamedTensor } from './named-tensors';

/** Element types that we read. */
const bytesPerElement = { F32: 4, F16: 2, BF16: 2 } as const;
type FloatType = keyof typeof bytesPerElement;

export type WriteDtype = 'float32' | 'float16' | 'bfloat16';
const headerType: Record<WriteDtype, FloatType> = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

const chunkBytes = 4 << 20;
const largestHeader = 100_000_000;

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const metadataSchema = z.record(z.string(), z.string());
const headerSchema = z.record(z.string(), z.unknown());

interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsFile {
  readonly file: string;
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** One tensor as float32; F16 and BF16 are widened exactly. Throws for other element types. */
  read(name: string): Promise<NamedTensor>;
  close(): Promise<void>;
}

/** Opens a file and checks its header; tensors are read by name. */
export async function openSafetensors(file: string): Promise<SafetensorsFile> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new SuperRlError('model', 'this file cannot be opened; check that it exists and is readable.', {
      place: { file },
      cause,
    });
  });
  try {
    const { size } = await handle.stat();
    const { entries, metadata } = await readHeader(handle, file, size);
    return {
      file,
      entries,
      metadata,
      read: (name) => readTensor(handle, file, name, entries),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readHeader(handle: FileHandle, file: string, size: number) {
  const bad = (why: string): SuperRlError =>
    new SuperRlError('model', `not a whole safetensors file: ${why} Download or export it again.`, { place: { file } });
  if (size < 8) throw bad(`it has only ${size} bytes.`);
  const prefix = Buffer.alloc(8);
  await readFully(handle, prefix, 0, file);
  const headerLength = Number(prefix.readBigUInt64LE());
  if (headerLength > largestHeader) throw bad(`its header would be ${headerLength} bytes long.`);
  if (8 + headerLength > size) throw bad('it ends inside its header.');
  const header = Buffer.alloc(headerLength);
  await readFully(handle, header, 8, file);
  let json: Record<string, unknown>;
  try {
    json = headerSchema.parse(JSON.parse(header.toString('utf8')));
  } catch {
    throw bad('its header is not a JSON object.');
  }
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === '__metadata__') {
      metadata = metadataSchema.safeParse(value).data ?? {};
      continue;
    }
    const entry = entrySchema.safeParse(value);
    if (!entry.success) throw bad(`the header entry of ${name} is malformed.`);
    const { dtype, shape, data_offsets: offsets } = entry.data;
    const start = 8 + headerLength + offsets[0];
    const end = 8 + headerLength + offsets[1];
    if (end < start) throw bad(`the offsets of ${name} run backwards.`);
    if (end > size) throw bad(`tensor ${name} ends at byte ${end} but the file at ${size}.`);
    entries.set(name, { dtype, shape, start, end });
  }
  return { entries, metadata };
}

async function readTensor(
  handle: FileHandle,
  file: string,
  name: string,
  entries: ReadonlyMap<string, SafetensorsEntry>,
): Promise<NamedTensor> {
  const entry = entries.get(name);
  if (entry === undefined) throw new SuperRlError('model', `there is no tensor ${name} in it.`, { place: { file } });
  const { dtype, shape, start, end } = entry;
  if (!isFloatType(dtype)) {
    throw new SuperRlError(
      'unsupported',
      `tensor ${name} is stored as ${dtype}; F32, F16 and BF16 can be read. Convert the checkpoint to one of these.`,
      { place: { file } },
    );
  }
  const length = shape.reduce((product, size) => product * size, 1);
  const width = bytesPerElement[dtype];
  if (length * width !== end - start) {
    throw new SuperRlError(
      'model',
      `tensor ${name} of shape [${shape.join(', ')}] needs ${length * width} bytes but has ${end - start}. Download or export the file again.`,
      { place: { file } },
    );
  }
  const data = new Float32Array(length);
  if (dtype === 'F32') {
    await readFully(handle, new Uint8Array(data.buffer), start, file);
    return { shape, data };
  }
  const decode = dtype === 'F16' ? decodeFloat16Array : decodeBfloat16Array;
  const chunk = new Uint16Array(Math.min(length, chunkBytes / width));
  for (let done = 0; done < length; done += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, length - done));
    await readFully(handle, new Uint8Array(part.buffer, 0, part.byteLength), start + done * width, file);
    decode(part, data, done);
  }
  return { shape, data };
}

function isFloatType(dtype: string): dtype is FloatType {
  return Object.hasOwn(bytesPerElement, dtype);
}

async function readFully(handle: FileHandle, target: Uint8Array, position: number, file: string): Promise<void> {
  for (let done = 0; done < target.byteLength; ) {
    const length = Math.min(target.byteLength - done, 1 << 30);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) {
      throw new SuperRlError('model', 'the file ended while it was being read. Download or export it again.', {
        place: { file },
      });
    }
    done += bytesRead;
  }
}

/**
 * Writes tensors in the order given, in one element type, flushed to the disk at the end. transformers wants the
 * metadata `format: "pt"`, which is always written. Writing in place: for atomicity write to a new name and rename.
 */
export async function writeSafetensors(
  file: string,
  tensors: Iterable<readonly [string, NamedTensor]>,
  options: { dtype: WriteDtype; metadata?: Readonly<Record<string, string>> },
): Promise<void> {
  const list = [...tensors];
  const dtype = headerType[options.dtype];
  const header: Record<string, unknown> = { __metadata__: { format: 'pt', ...options.metadata } };
  let offset = 0;
  for (const [name, { shape, data }] of list) {
    const end = offset + data.length * bytesPerElement[dtype];
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(padded.length));
  const handle = await open(file, 'w').catch((cause: unknown) => {
    throw storageError(file, cause);
  });
  try {
    await writeFully(handle, prefix);
    await writeFully(handle, padded);
    for (const [, { data }] of list) {
      if (options.dtype === 'float32') {
        await writeFully(handle, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
        continue;
      }
      for (let start = 0; start < data.length; start += chunkBytes / 2) {
        const half = encodeHalfArray(data.subarray(start, start + chunkBytes / 2), options.dtype);
        await writeFully(handle, new Uint8Array(half.buffer));
      }
    }
    await handle.sync();
  } catch (error) {
    throw storageError(file, error);
  } finally {
    await handle.close();
  }
}

function storageError(file: string, cause: unknown): SuperRlError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SuperRlError('storage', `cannot write the weights (${why}). Free some space or choose another folder.`, {
    place: { file },
    cause,
  });
}

async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const length = Math.min(bytes.byteLength - done, 1 << 30);
    const { bytesWritten } = await handle.write(bytes, done, length);
    done += bytesWritten;
  }
}
