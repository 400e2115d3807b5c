// Opens a data file of any supported format for streaming and for random access. Compressed files and
// Parquet are unpacked once into a scratch folder, which goes away on close.
import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { SuperRlError } from '../protocol/errors';
import { csvFormat } from './formats/csv';
import { jsonArrayFormat } from './formats/json-array';
import { jsonlFormat } from './formats/jsonl';
import { parquetToJsonl } from './formats/parquet';
import type { Columns, FileRecord, RecordFormat } from './formats/record';

export type FormatName = 'jsonl' | 'json' | 'csv' | 'parquet';

const extensions: Readonly<Record<string, FormatName>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.csv': 'csv',
  '.parquet': 'parquet',
};
const supported = '.jsonl, .json, .csv and .parquet, each also with .gz';

const chunkBytes = 1 << 20;
const longestRecordBytes = 1 << 28;

/** Where a record lies in the (unpacked) file. */
export interface RecordSpan {
  readonly offset: number;
  readonly length: number;
  readonly line: number;
}

export interface ReadRecord {
  readonly columns: Columns;
  readonly bytes: Buffer;
}

export interface DataFile {
  /** The path as it was given; errors and rows name it. */
  readonly file: string;
  readonly format: FormatName;
  readonly compressed: boolean;
  /** Parquet has rows, not lines. */
  readonly hasLines: boolean;
  /** Size on disk in bytes, of the file as given. */
  readonly bytes: number;
  /** Streams all records in file order, a batch at a time; memory for one chunk. */
  batches(signal?: AbortSignal): AsyncGenerator<readonly FileRecord[]>;
  /** Reads one record again. Throws when the file has changed since it was opened. */
  read(span: RecordSpan): Promise<ReadRecord>;
  /** As read, of records that follow each other in the file: one read for all of them. */
  readRun(spans: readonly RecordSpan[]): Promise<ReadRecord[]>;
  close(): Promise<void>;
}

/** Throws SuperRlError('data') for a missing file, a folder, an empty, binary or unsupported one. */
export async function openDataFile(file: string, signal?: AbortSignal): Promise<DataFile> {
  const bytes = await checkedSize(file);
  const { format, compressed } = formatOf(file);
  const unpacked = await unpack(file, format, compressed, signal);
  try {
    const handle = await open(unpacked.path, 'r');
    try {
      const head = await headOf(handle, file, format);
      const records = recordFormat(file, format, head.text);
      return new OpenDataFile(file, format, compressed, bytes, handle, head.bomBytes, records, unpacked.remove);
    } catch (error) {
      await handle.close();
      throw error;
    }
  } catch (error) {
    await unpacked.remove();
    throw error;
  }
}

class OpenDataFile implements DataFile {
  readonly hasLines: boolean;
  private state: { size: number; mtimeMs: number } | undefined;

  constructor(
    readonly file: string,
    readonly format: FormatName,
    readonly compressed: boolean,
    readonly bytes: number,
    private readonly handle: FileHandle,
    private readonly firstByte: number,
    private readonly records: RecordFormat,
    private readonly removeScratch: () => Promise<void>,
  ) {
    this.hasLines = format !== 'parquet';
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<readonly FileRecord[]> {
    await this.checkUnchanged();
    const pass = this.records.startPass();
    let rest: Buffer = Buffer.alloc(0);
    let offset = this.firstByte; // of rest[0] in the file
    for (;;) {
      signal?.throwIfAborted();
      // A record longer than a chunk: read twice as much each time, so that it is scanned few times.
      const wanted = Math.max(chunkBytes, rest.length);
      const bytes = Buffer.allocUnsafe(rest.length + wanted);
      rest.copy(bytes);
      const read = await readFully(this.handle, bytes, rest.length, offset + rest.length);
      const available = bytes.subarray(0, rest.length + read);
      const final = read < wanted;
      const { consumed, records } = pass.take(available, offset, final);
      if (records.length > 0) yield records;
      if (final) return;
      if (available.length - consumed > longestRecordBytes) {
        throw new SuperRlError(
          'data',
          `A record here is longer than ${longestRecordBytes >> 20} MiB; a quote or bracket before it is likely never closed.`,
          { place: { file: this.file } },
        );
      }
      rest = available.subarray(consumed);
      offset += consumed;
    }
  }

  async read(span: RecordSpan): Promise<ReadRecord> {
    await this.checkUnchanged();
    const bytes = Buffer.allocUnsafe(span.length);
    await readFully(this.handle, bytes, 0, span.offset);
    return { columns: this.records.parse(bytes, span.line), bytes };
  }

  async readRun(spans: readonly RecordSpan[]): Promise<ReadRecord[]> {
    const [first] = spans;
    const last = spans.at(-1);
    if (first === undefined || last === undefined) return [];
    await this.checkUnchanged();
    const all = Buffer.allocUnsafe(last.offset + last.length - first.offset);
    await readFully(this.handle, all, 0, first.offset);
    return spans.map(({ offset, length, line }) => {
      const bytes = all.subarray(offset - first.offset, offset - first.offset + length);
      return { columns: this.records.parse(bytes, line), bytes };
    });
  }

  async close(): Promise<void> {
    await this.handle.close();
    await this.removeScratch();
  }

  /** Offsets are only good for the file they were taken from. */
  private async checkUnchanged(): Promise<void> {
    const { size, mtimeMs } = await this.handle.stat();
    this.state ??= { size, mtimeMs };
    if (size !== this.state.size || mtimeMs !== this.state.mtimeMs) {
      throw new SuperRlError('data', 'The file has changed while it was in use. Open it again, or resume the run.', {
        place: { file: this.file },
      });
    }
  }
}

/**
 * Bytes of a file that can be data.
 * @throws SuperRlError `data` for a folder, an empty file, one that is missing or can’t be read.
 */
export async function checkedSize(file: string): Promise<number> {
  const place = { file };
  try {
    const found = await stat(file);
    if (found.isDirectory()) {
      throw new SuperRlError('data', `This is a folder. Name a file in it: ${supported} are read.`, { place });
    }
    if (found.size === 0)
      throw new SuperRlError('data', 'The file is empty. Check that it is the right one.', { place });
    return found.size;
  } catch (cause) {
    if (cause instanceof SuperRlError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new SuperRlError(
        'data',
        "There is no such file. Check the path; in a run file it is relative to that file's folder.",
        {
          place,
          cause,
        },
      );
    }
    throw new SuperRlError('data', `The file can't be opened (${String(code ?? cause)}). Check its permissions.`, {
      place,
      cause,
    });
  }
}

/**
 * By the name's ending.
 * @throws SuperRlError `data` for an ending that isn't read.
 */
export function formatOf(file: string): { format: FormatName; compressed: boolean } {
  const name = basename(file).toLowerCase();
  const compressed = name.endsWith('.gz');
  const inner = compressed ? name.slice(0, -'.gz'.length) : name;
  const format = Object.entries(extensions).find(([extension]) => inner.endsWith(extension))?.[1];
  if (format === undefined) {
    const extension = /\.[^.]+$/.exec(inner)?.[0];
    const what = extension === undefined ? 'A file without an extension' : `A ${extension} file`;
    throw new SuperRlError('data', `${what} can't be read as data. Supported are ${supported}.`, { place: { file } });
  }
  return { format, compressed };
}

interface Unpacked {
  readonly path: string;
  remove(): Promise<void>;
}

async function unpack(file: string, format: FormatName, compressed: boolean, signal?: AbortSignal): Promise<Unpacked> {
  if (!compressed && format !== 'parquet') return { path: file, remove: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), 'superrl-data-'));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true });
  process.once('exit', removeNow);
  const remove = async (): Promise<void> => {
    process.off('exit', removeNow);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    let path = file;
    if (compressed) {
      path = join(folder, 'unpacked');
      await gunzip(file, path, signal);
    }
    if (format === 'parquet') {
      await requireParquetMagic(path, file);
      const rows = join(folder, 'rows.jsonl');
      await parquetToJsonl(path, rows, file, signal);
      path = rows;
    }
    return { path, remove };
  } catch (error) {
    await remove();
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
      throw new SuperRlError(
        'storage',
        `No space to unpack ${file} in ${tmpdir()}. Free some, or set TMPDIR to another disk.`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}

async function gunzip(from: string, to: string, signal?: AbortSignal): Promise<void> {
  try {
    await pipeline(createReadStream(from), createGunzip(), createWriteStream(to), { signal });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!code.startsWith('Z_')) throw cause;
    throw new SuperRlError(
      'data',
      'The file is not whole gzip data, though its name ends in .gz. Compress or download it again.',
      {
        place: { file: from },
        cause,
      },
    );
  }
}

/** @throws SuperRlError `data` when the file at `path` is no Parquet; `file` is its name for the message. */
export async function requireParquetMagic(path: string, file: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    await readFully(handle, magic, 0, 0);
    if (magic.toString('latin1') === 'PAR1') return;
    throw new SuperRlError(
      'data',
      'The file does not begin as Parquet does (PAR1), though its name says so. Rename it, or download it again.',
      {
        place: { file },
      },
    );
  } finally {
    await handle.close();
  }
}

/** The start of the text, past a byte order mark; throws for what is not UTF-8 text. */
async function headOf(
  handle: FileHandle,
  file: string,
  format: FormatName,
): Promise<{ text: string; bomBytes: number }> {
  const buffer = Buffer.alloc(8192);
  const head = buffer.subarray(0, await readFully(handle, buffer, 0, 0));
  const place = { file };
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) {
    throw new SuperRlError('data', 'The file is UTF-16. Save it as UTF-8.', { place });
  }
  if (head[0] === 0x1f && head[1] === 0x8b) {
    throw new SuperRlError('data', 'The file is gzip data. Let its name end in .gz, or unpack it.', { place });
  }
  if (head.subarray(0, 4).toString('latin1') === 'PAR1') {
    throw new SuperRlError('data', 'The file is Parquet. Let its name end in .parquet.', { place });
  }
  if (head.includes(0)) {
    throw new SuperRlError('data', `The file is binary, not ${format === 'csv' ? 'CSV' : 'JSON'} text.`, { place });
  }
  const bomBytes = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  const text = head.subarray(bomBytes).toString('utf8').trimStart();
  if (text === '' && head.length < buffer.length) {
    const empty =
      format === 'parquet'
        ? 'The Parquet file has no rows. Check that it is the right one.'
        : 'The file is empty. Check that it is the right one.';
    throw new SuperRlError('data', empty, { place });
  }
  return { text, bomBytes };
}

/** A .json file may hold a list or, as many published datasets do, an object a line. */
function recordFormat(file: string, format: FormatName, head: string): RecordFormat {
  if (format === 'csv') return csvFormat(file);
  if (format === 'json' && !beginsWithObjectLine(head)) return jsonArrayFormat(file);
  if (format === 'jsonl' && head.startsWith('[')) {
    throw new SuperRlError('data', 'The file is one JSON list, not an object a line. Let its name end in .json.', {
      place: { file, line: 1 },
    });
  }
  return jsonlFormat(file);
}

function beginsWithObjectLine(head: string): boolean {
  const [line, ...more] = head.split(/[\r\n]+/);
  if (line === undefined || !line.startsWith('{')) return false;
  if (more.length === 0) return true; // longer than the head: the reader will tell
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function readFully(handle: FileHandle, into: Buffer, start: number, position: number): Promise<number> {
  let filled = start;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, position + filled - start);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled - start;
}
