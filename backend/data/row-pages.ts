// A data file of any size as a person looks at it: rows by number, with the first ones there at once. Parquet is read
// where the rows lie; of other formats one pass notes where each record lies, and rows are read while it goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../protocol/errors';
import type { RequestResult } from '../protocol/messages';
import { checkedSize, type DataFile, formatOf, openDataFile, requireParquetMagic } from './data-file';
import { openParquet, type ParquetFile } from './formats/parquet';
import type { Columns } from './formats/record';
import { rowHashOf } from './row-hash';
import { type Span, SpanIndex } from './span-index';

export type ShownRow = RequestResult<'readRows'>['rows'][number];
export type RowPage = RequestResult<'readRows'>;
export type RowSearch = RequestResult<'searchRows'>;

/** How long an answer waits for rows that the pass has not reached yet. */
const patienceMs = 250;
/** Rows that one search request looks through: a fraction of a second. */
const searchedAtOnce = 20_000;
const readBytesAtOnce = 4 << 20;

/** Where rows come from: some of them are known to be there. */
interface RowSource {
  readonly known: number;
  /** No more will come. */
  readonly complete: boolean;
  /** Why rows behind the known ones can't be read. */
  readonly problem: string | undefined;
  /** Known rows from … to - 1. */
  read(from: number, to: number): Promise<{ text: string; columns: Columns; line?: number }[]>;
  close(): Promise<void>;
}

export class RowPages {
  private constructor(private readonly source: RowSource) {}

  /** Throws SuperRlError('data') for a file that can't be read at all. */
  static async open(file: string): Promise<RowPages> {
    await checkedSize(file);
    const { format, compressed } = formatOf(file);
    if (format !== 'parquet' || compressed) return new RowPages(new IndexedRows(await openDataFile(file)));
    await requireParquetMagic(file, file);
    return new RowPages(new ParquetRows(await openParquet(file, file)));
  }

  /** @param cell most characters of each cell's text */
  async page(from: number, count: number, cell: number): Promise<RowPage> {
    await this.waitFor(from + count);
    const { known, complete, problem } = this.source;
    const read = await this.source.read(Math.min(from, known), Math.min(from + count, known));
    const rows = read.map(({ text, columns, line }, index) => ({
      row: from + index,
      rowHash: rowHashOf(text),
      ...(line === undefined ? {} : { line }),
      cells: Object.fromEntries(Object.entries(columns).map(([name, value]) => [name, cut(cellText(value), cell)])),
    }));
    return { rows, known, complete, ...(problem === undefined ? {} : { problem }) };
  }

  /** The first row from `from` on whose cells hold the text, upper and lower case alike; looks at so many at a time. */
  async search(text: string, from: number): Promise<RowSearch> {
    await this.waitFor(from + 1);
    const { known, complete } = this.source;
    const wanted = text.toLowerCase();
    const end = Math.min(from + searchedAtOnce, known);
    for (let at = from; at < end; at += 1000) {
      const rows = await this.source.read(at, Math.min(at + 1000, end));
      const found = rows.findIndex(({ columns }) =>
        Object.values(columns).some((value) => cellText(value).toLowerCase().includes(wanted)),
      );
      if (found !== -1) return { row: at + found, next: at + found + 1, known, complete };
    }
    return { next: Math.max(from, end), known, complete };
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private async waitFor(rows: number): Promise<void> {
    for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(5)) {
      if (this.source.known >= rows || this.source.complete) return;
    }
  }
}

class IndexedRows implements RowSource {
  complete = false;
  problem: string | undefined;
  private readonly index = new SpanIndex();
  private readonly closing = new AbortController();
  private readonly pass: Promise<void>;

  constructor(private readonly file: DataFile) {
    this.pass = this.takePass();
  }

  get known(): number {
    return this.index.length;
  }

  async read(from: number, to: number): Promise<{ text: string; columns: Columns; line?: number }[]> {
    const rows: { text: string; columns: Columns; line?: number }[] = [];
    for (const spans of this.runs(from, to)) {
      for (const [index, { columns, bytes }] of (await this.file.readRun(spans)).entries()) {
        const line = spans[index]?.line;
        rows.push({ text: bytes.toString('utf8'), columns, ...(line === undefined ? {} : { line }) });
      }
    }
    return rows;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.pass;
    await this.file.close();
  }

  private async takePass(): Promise<void> {
    try {
      for await (const batch of this.file.batches(this.closing.signal)) {
        for (const record of batch) this.index.push({ ...record, record: this.index.length });
      }
    } catch (error) {
      if (!this.closing.signal.aborted) this.problem = errorText(error);
    }
    this.complete = true;
  }

  /** Spans that are read in one go, a few megabytes each. */
  private *runs(from: number, to: number): Generator<Span[]> {
    let run: Span[] = [];
    let bytes = 0;
    for (let row = from; row < to; row++) {
      const span = this.index.at(row);
      if (span === undefined) break;
      run.push(span);
      bytes += span.length;
      if (bytes < readBytesAtOnce) continue;
      yield run;
      run = [];
      bytes = 0;
    }
    if (run.length > 0) yield run;
  }
}

class ParquetRows implements RowSource {
  readonly complete = true;
  readonly problem = undefined;
  /** Rows that were read last: the next are often beside them, and decoding begins with a whole page of a column. */
  private kept: { readonly from: number; readonly rows: readonly string[] } = { from: 0, rows: [] };

  constructor(private readonly file: ParquetFile) {}

  get known(): number {
    return this.file.rows;
  }

  async read(from: number, to: number): Promise<{ text: string; columns: Columns }[]> {
    if (from < this.kept.from || to > this.kept.from + this.kept.rows.length) {
      const start = from - (from % parquetWindow);
      const end = Math.max(start + parquetWindow, to);
      this.kept = { from: start, rows: await this.file.read(start, end) };
    }
    const { from: start, rows } = this.kept;
    return rows.slice(from - start, to - start).map((text) => ({ text, columns: JSON.parse(text) as Columns }));
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** Rows that are decoded at once. */
const parquetWindow = 5000;

function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

/** At a whole character: half of a surrogate pair would show as a broken one. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = /[\uD800-\uDBFF]$/.test(text.slice(0, most)) ? most - 1 : most;
  return `${text.slice(0, end)}…`;
}
