// What every file format gives: records cut out of a stream of bytes, each with the span that lets
// one record be read again later (random access) without going through the file.

/** The columns of one record as the file has them. */
export type Columns = Readonly<Record<string, unknown>>;

export interface FileRecord {
  readonly columns: Columns;
  /** The record as it stands in the file; a view that is good until the next batch. */
  readonly bytes: Buffer;
  /** Byte span in the file that is read (the unpacked one for .gz and Parquet). */
  readonly offset: number;
  readonly length: number;
  /** 1-based line where the record starts; for Parquet the 1-based row. */
  readonly line: number;
}

/** One pass over a file, chunk by chunk; holds the pass's state (line number, nesting). */
export interface RecordPass {
  /**
   * Takes whole records off the front of `bytes`, which start at byte `offset` of the file.
   * Returns how many bytes are used up; the rest comes again with more behind it.
   * `final`: nothing follows, so the rest must be whole. Throws SuperRlError for broken content.
   */
  take(bytes: Buffer, offset: number, final: boolean): { consumed: number; records: FileRecord[] };
}

export interface RecordFormat {
  startPass(): RecordPass;
  /** Parses the bytes of one span again. */
  parse(bytes: Buffer, line: number): Columns;
}

const newline = 10;
const carriageReturn = 13;

/** Number of line ends in bytes[from, to); \n, \r\n and a lone \r each count once. */
export function countLines(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    if (byte === newline || (byte === carriageReturn && bytes[i + 1] !== newline)) lines++;
  }
  return lines;
}

/** True for an object with named columns: not null, not a list. */
export function isColumns(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
