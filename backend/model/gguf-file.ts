// The GGUF container (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): typed metadata, tensor infos,
// aligned tensor data. Tensors are decoded to float32 in chunks; versions 2 and 3, little-endian.
import { type FileHandle, open } from 'node:fs/promises';
import { SuperRlError } from '../protocol/errors';
import { type BlockFormat, blockFormats, dequantize } from './gguf-quants';
import type { NamedTensor } from './named-tensors';

export type GgufValue = number | boolean | string | readonly GgufValue[];

export interface GgufTensorInfo {
  readonly name: string;
  /** Row-major, as Hugging Face has it (GGUF stores it reversed). */
  readonly shape: readonly number[];
  readonly format: BlockFormat;
  /** Bytes from the start of the file. */
  readonly start: number;
}

export interface GgufFile {
  readonly file: string;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensorInfo>;
  read(name: string): Promise<NamedTensor>;
  close(): Promise<void>;
}

const magic = 0x46554747; // "GGUF"
const firstRead = 8 << 20;
const chunkBytes = 4 << 20;

/** Opens a file and reads all but its tensors. */
export async function openGguf(file: string): Promise<GgufFile> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new SuperRlError('model', 'there is no such model file, or it cannot be read; check its path.', {
      place: { file },
      cause,
    });
  });
  try {
    const { size } = await handle.stat();
    const { metadata, tensors } = await readHead(handle, file, size);
    return {
      file,
      metadata,
      tensors,
      read: (name) => readTensor(handle, file, tensors.get(name), name),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Parses the head from a growing part of the file, since its length is not known before. */
async function readHead(handle: FileHandle, file: string, size: number) {
  for (let length = firstRead; ; length *= 2) {
    const head = Buffer.alloc(Math.min(length, size));
    await handle.read(head, 0, head.length, 0);
    try {
      const parsed = parseHead(head, file);
      checkSizes(parsed.tensors, file, size);
      return parsed;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (head.length === size) throw truncated(file, 'inside its metadata', error);
    }
  }
}

function truncated(file: string, where: string, cause?: unknown): SuperRlError {
  return new SuperRlError('model', `the file ends ${where}; download it again.`, { place: { file }, cause });
}

function checkSizes(tensors: ReadonlyMap<string, GgufTensorInfo>, file: string, size: number): void {
  for (const tensor of tensors.values()) {
    if (tensor.start + storedBytes(tensor) > size) throw truncated(file, `inside tensor ${tensor.name}`);
  }
}

function countValues(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function storedBytes({ shape, format }: GgufTensorInfo): number {
  return (countValues(shape) / format.values) * format.bytes;
}

/** Reads values one after the other; throws RangeError past the end. */
class HeadReader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  get position(): number {
    return this.at;
  }

  private advance(length: number): number {
    const at = this.at;
    if (at + length > this.bytes.length) throw new RangeError('past the end');
    this.at += length;
    return at;
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.advance(4));
  }

  uint64(): number {
    return Number(this.bytes.readBigUInt64LE(this.advance(8)));
  }

  string(): string {
    const length = this.uint64();
    const at = this.advance(length);
    return this.bytes.toString('utf8', at, at + length);
  }

  /** A value of one of GGUF's types; `file` is named when the type is unknown. */
  value(type: number, file: string): GgufValue {
    switch (type) {
      case 0:
        return this.bytes.readUInt8(this.advance(1));
      case 1:
        return this.bytes.readInt8(this.advance(1));
      case 2:
        return this.bytes.readUInt16LE(this.advance(2));
      case 3:
        return this.bytes.readInt16LE(this.advance(2));
      case 4:
        return this.uint32();
      case 5:
        return this.bytes.readInt32LE(this.advance(4));
      case 6:
        return this.bytes.readFloatLE(this.advance(4));
      case 7:
        return this.bytes.readUInt8(this.advance(1)) !== 0;
      case 8:
        return this.string();
      case 9: {
        const itemType = this.uint32();
        const length = this.uint64();
        const items: GgufValue[] = [];
        for (let i = 0; i < length; i++) items.push(this.value(itemType, file));
        return items;
      }
      case 10:
        return this.uint64();
      case 11:
        return Number(this.bytes.readBigInt64LE(this.advance(8)));
      case 12:
        return this.bytes.readDoubleLE(this.advance(8));
      default:
        throw new SuperRlError('model', `metadata of unknown type ${type}; the file is damaged. Download it again.`, {
          place: { file },
        });
    }
  }
}

function parseHead(head: Buffer, file: string) {
  const reader = new HeadReader(head);
  if (head.length < 4 || reader.uint32() !== magic) {
    throw new SuperRlError(
      'model',
      'this is not a GGUF file (it does not begin with "GGUF"). Check the path, or download it again.',
      { place: { file } },
    );
  }
  const version = reader.uint32();
  if (version !== 2 && version !== 3) {
    throw new SuperRlError(
      'unsupported',
      `GGUF version ${version} is not supported; 2 and 3 are. Convert the file with a newer llama.cpp.`,
      { place: { file } },
    );
  }
  const tensorCount = reader.uint64();
  const valueCount = reader.uint64();
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) metadata.set(reader.string(), reader.value(reader.uint32(), file));
  const infos: { name: string; shape: number[]; type: number; offset: number }[] = [];
  for (let i = 0; i < tensorCount; i++) {
    const name = reader.string();
    const dimensions = reader.uint32();
    const shape: number[] = [];
    for (let d = 0; d < dimensions; d++) shape.unshift(reader.uint64());
    infos.push({ name, shape, type: reader.uint32(), offset: reader.uint64() });
  }
  const alignment = metadata.get('general.alignment');
  const dataStart = alignUp(reader.position, typeof alignment === 'number' ? alignment : 32);
  const tensors = new Map<string, GgufTensorInfo>();
  for (const { name, shape, type, offset } of infos) {
    tensors.set(name, { name, shape, format: formatOf(type, name, shape, file), start: dataStart + offset });
  }
  return { metadata, tensors };
}

function formatOf(type: number, name: string, shape: readonly number[], file: string): BlockFormat {
  const format = blockFormats.get(type);
  if (format === undefined) {
    const known = [...blockFormats.values()].map((known) => known.name).join(', ');
    throw new SuperRlError(
      'unsupported',
      `tensor ${name} has ggml type ${type}, which is not supported; ${known} are. Choose another quantisation of the model.`,
      { place: { file } },
    );
  }
  if ((shape.at(-1) ?? 1) % format.values !== 0) {
    throw new SuperRlError(
      'model',
      `tensor ${name} of shape [${shape.join(', ')}] does not divide into ${format.name} blocks; the file is damaged.`,
      { place: { file } },
    );
  }
  return format;
}

/** The next multiple of `alignment`. */
export function alignUp(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

async function readTensor(
  handle: FileHandle,
  file: string,
  info: GgufTensorInfo | undefined,
  name: string,
): Promise<NamedTensor> {
  if (info === undefined) throw new SuperRlError('model', `there is no tensor ${name} in it.`, { place: { file } });
  const { shape, format, start } = info;
  const data = new Float32Array(countValues(shape));
  const total = storedBytes(info);
  const chunk = new Uint8Array(Math.min(total, Math.floor(chunkBytes / format.bytes) * format.bytes));
  for (let done = 0; done < total; ) {
    const part = chunk.subarray(0, Math.min(chunk.length, total - done));
    for (let filled = 0; filled < part.length; ) {
      const { bytesRead } = await handle.read(part, filled, part.length - filled, start + done + filled);
      if (bytesRead === 0) throw truncated(file, `inside tensor ${name}`);
      filled += bytesRead;
    }
    dequantize(format, part, data, (done / format.bytes) * format.values);
    done += part.length;
  }
  return { shape, data };
}
