// Parquet is rewritten as JSON lines into a scratch file, row group by row group: one random-access path
// for all formats, and memory for one row group only. Decoding is hyparquet's.
import { type FileHandle, open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { SuperRlError } from '../../protocol/errors';

/** A Parquet file opened for reading rows anywhere in it, as the JSON lines that it would be rewritten as. */
export interface ParquetFile {
  readonly rows: number;
  /** First row of each row group, in order. */
  readonly groupStarts: readonly number[];
  /** Rows from … to - 1 (at most to the end of the file); decodes no more than the pages that hold them. */
  read(from: number, to: number): Promise<string[]>;
  close(): Promise<void>;
}

/** @param shown names the file in errors. Throws SuperRlError('data') for what is no whole Parquet file. */
export async function openParquet(path: string, shown: string): Promise<ParquetFile> {
  const input = await open(path, 'r');
  try {
    const file = await asAsyncBuffer(input);
    const metadata = await orDataError(shown, () => parquetMetadataAsync(file));
    const groupStarts: number[] = [];
    let rows = 0;
    for (const group of metadata.row_groups) {
      groupStarts.push(rows);
      rows += Number(group.num_rows);
    }
    return {
      rows,
      groupStarts,
      read: (from, to) =>
        orDataError(shown, async () => {
          const rowEnd = Math.min(to, rows);
          if (from >= rowEnd) return [];
          const found = await parquetReadObjects({ file, metadata, compressors, rowStart: from, rowEnd });
          return found.map((row) => JSON.stringify(jsonValue(row)));
        }),
      close: () => input.close(),
    };
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** Writes every row of `from` to `to` as a JSON line. `shown` names the file in errors. */
export async function parquetToJsonl(from: string, to: string, shown: string, signal?: AbortSignal): Promise<void> {
  const input = await openParquet(from, shown);
  try {
    const output = await open(to, 'w');
    try {
      for (const [group, rowStart] of input.groupStarts.entries()) {
        signal?.throwIfAborted();
        const lines = await input.read(rowStart, input.groupStarts[group + 1] ?? input.rows);
        await output.appendFile(lines.map((line) => `${line}\n`).join(''));
      }
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

async function orDataError<T>(shown: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (isSystemError(cause)) throw cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new SuperRlError(
      'data',
      `This Parquet file can't be read (${detail}). Download it again, or convert it to JSONL.`,
      { place: { file: shown }, cause },
    );
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

async function asAsyncBuffer(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = new Uint8Array(end - start);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.buffer;
    },
  };
}

/**
 * The value as JSON has it: 64-bit integers as numbers (as text beyond 2^53), NaN, which pandas writes
 * for a missing number, as null, infinities as text, times as ISO text, bytes as base64.
 */
function jsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isNaN(value) ? null : Number.isFinite(value) ? value : String(value);
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(numbersOf(value), jsonValue);
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonValue(inner)]));
  }
  return value;
}

function numbersOf(view: ArrayBufferView): Iterable<unknown> {
  return Symbol.iterator in view ? (view as ArrayBufferView & Iterable<unknown>) : [];
}
