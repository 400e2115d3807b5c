// Parquet is rewritten as JSON lines into a scratch file, row group by row group: one random-access path
// for all formats, and memory for one row group only. Decoding is hyparquet's.
import { type FileHandle, open } from 'node:fs/promises';
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { SuperRlError } from '../../protocol/errors';

/** Writes every row of `from` to `to` as a JSON line. `shown` names the file in errors. */
export async function parquetToJsonl(from: string, to: string, shown: string, signal?: AbortSignal): Promise<void> {
  const input = await open(from, 'r');
  try {
    const output = await open(to, 'w');
    try {
      await copyRows(await asAsyncBuffer(input), output, shown, signal);
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

async function copyRows(file: AsyncBuffer, output: FileHandle, shown: string, signal?: AbortSignal): Promise<void> {
  let rowStart = 0;
  try {
    const metadata = await parquetMetadataAsync(file);
    for (const group of metadata.row_groups) {
      signal?.throwIfAborted();
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd });
      await output.appendFile(rows.map((row) => `${JSON.stringify(jsonValue(row))}\n`).join(''));
      rowStart = rowEnd;
    }
  } catch (cause) {
    if (signal?.aborted || isSystemError(cause)) throw cause;
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
