// Opens a dataset: recognises its layout, goes through it once to check every row and to note where
// each usable one lies, and then reads rows one by one from the file.
import { type SourcePlace, SuperRlError } from '../protocol/errors';
import { type DataFile, type FormatName, openDataFile } from './data-file';
import type { Columns, FileRecord } from './formats/record';
import { HashIndex, hash64, hashText } from './hash-index';
import { fieldOf, type MappedColumns, type Mapping, mapColumns, readColumns, readDemonstrations } from './mapping';
import { describeCounts, describeProblem, type Problem, type ProblemKind, ProblemList } from './problems';
import type { Dataset, Row } from './row';
import { rowHashOf } from './row-hash';
import type { HeldOutPrompts, SharedPrompts } from './shared-prompts';
import { type Span, SpanIndex } from './span-index';

export interface DatasetRequest {
  readonly file: string;
  /** Overrides what the layout says; see mapping.ts for its fields. */
  readonly map?: Readonly<Record<string, string>>;
  /** Read the first N rows of the file only. */
  readonly limit?: number;
  /** What to do with rows that can't be used; default skip. Either way they are counted and listed. */
  readonly onBadRow?: 'skip' | 'refuse';
  /** Prompts of more tokens than this can't be used; `count` gives the tokens of a row's prompt as the model sees it. */
  readonly promptLimit?: { readonly tokens: number; count(row: Row): number };
  /** Rows with one of these prompts are used all the same, and told in the report. */
  readonly heldOut?: HeldOutPrompts | undefined;
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of records so far. */
  readonly onProgress?: (records: number) => void;
}

export interface DatasetReport {
  readonly file: string;
  readonly format: FormatName;
  readonly compressed: boolean;
  /** Size of the file on disk. */
  readonly bytes: number;
  /** Records read, bad ones included. */
  readonly records: number;
  /** Rows that can be used. */
  readonly rows: number;
  /** Longest prompt in tokens, when there is a prompt limit. */
  readonly longestPromptTokens: number | undefined;
  readonly counts: Partial<Record<ProblemKind, number>>;
  /** The first bad rows of each kind, in file order. */
  readonly problems: readonly Problem[];
  /** Absent when no held-out prompts were given. */
  readonly sharedPrompts?: SharedPrompts;
  /** Memory of the index in bytes. */
  readonly indexBytes: number;
  readonly seconds: number;
}

export interface OpenDataset extends Dataset {
  readonly mapping: Mapping;
  readonly report: DatasetReport;
  /** Where a row stands in its file, for messages. */
  place(index: number): SourcePlace;
  /** Streams all usable rows in order, much faster than row by row. */
  scan(signal?: AbortSignal): AsyncGenerator<Row>;
}

const sampledRows = 100;

/**
 * Opens and checks a dataset. Memory: an index of 20 bytes a row (and 24 while opening), never the rows.
 * Throws SuperRlError('data') for a file that can't be read or mapped, for bad rows under
 * onBadRow "refuse", and when no row can be used.
 */
export async function openDataset(request: DatasetRequest): Promise<OpenDataset> {
  const source = await openDataFile(request.file, request.signal);
  try {
    const rows = await firstRows(source, sampledRows);
    const mapping = mapColumns({ file: request.file, rows, map: request.map });
    const { index, report } = await checkRows(source, mapping, request);
    refuseBadRows(report, request.onBadRow ?? 'skip');
    return new MappedDataset(source, mapping, index, report);
  } catch (error) {
    await source.close();
    throw error;
  }
}

class MappedDataset implements OpenDataset {
  constructor(
    private readonly source: DataFile,
    readonly mapping: Mapping,
    private readonly index: SpanIndex,
    readonly report: DatasetReport,
  ) {}

  get file(): string {
    return this.source.file;
  }

  get length(): number {
    return this.index.length;
  }

  place(index: number): SourcePlace {
    return placeOf(this.source, this.span(index));
  }

  async row(index: number): Promise<Row> {
    const span = this.span(index);
    const { columns, bytes } = await this.source.read(span);
    return this.toRow(columns, span.record, bytes);
  }

  async *scan(signal?: AbortSignal): AsyncGenerator<Row> {
    let record = 0;
    let index = 0;
    for await (const batch of this.source.batches(signal)) {
      for (const { columns, bytes } of batch) {
        if (index === this.length) return;
        if (this.index.at(index)?.record === record) {
          yield this.toRow(columns, record, bytes);
          index++;
        }
        record++;
      }
    }
  }

  private toRow(columns: Columns, record: number, bytes: Buffer): Row {
    const rowHash = rowHashOf(bytes.toString('utf8'));
    return toRow(this.source.file, this.mapping, columns, readColumns(this.mapping, columns), record, rowHash);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private span(index: number): Span {
    const span = this.index.at(index);
    if (span === undefined) throw new RangeError(`Row ${index} of ${this.length} in ${this.file}`);
    return span;
  }
}

function toRow(
  file: string,
  mapping: Mapping,
  columns: Columns,
  mapped: MappedColumns,
  record: number,
  rowHash: string,
): Row {
  const prompt = mapped.prompt ?? '';
  return {
    id: mapped.id ?? hashText(hash64(prompt)),
    prompt,
    messages: mapped.messages,
    answer: mapped.answer,
    columns,
    source: { file, row: record, rowHash },
    demonstrations: readDemonstrations(mapping, columns) ?? [],
  };
}

/** The first rows of a file, from which its layout is recognised. */
export async function firstRows(source: DataFile, count: number): Promise<Columns[]> {
  const rows: Columns[] = [];
  for await (const batch of source.batches()) {
    for (const { columns } of batch) {
      rows.push(columns);
      if (rows.length === count) return rows;
    }
  }
  if (rows.length === 0) {
    throw new SuperRlError('data', 'The file has no rows. Check that it is the right one.', {
      place: { file: source.file },
    });
  }
  return rows;
}

async function checkRows(
  source: DataFile,
  mapping: Mapping,
  request: DatasetRequest,
): Promise<{ index: SpanIndex; report: DatasetReport }> {
  const startedAt = performance.now();
  const index = new SpanIndex();
  const problems = new ProblemList();
  const check = new RowCheck(source, mapping, request);
  const limit = request.limit ?? Number.POSITIVE_INFINITY;
  let records = 0;
  for await (const batch of source.batches(request.signal)) {
    for (const record of batch) {
      if (records === limit) break;
      const problem = check.problemOf(record, records);
      if (problem === undefined) index.push({ ...record, record: records });
      else problems.add(problem);
      records++;
    }
    request.onProgress?.(records);
    if (records === limit) break;
  }
  const report = {
    file: source.file,
    format: source.format,
    compressed: source.compressed,
    bytes: source.bytes,
    records,
    rows: index.length,
    longestPromptTokens: request.promptLimit ? check.longestPromptTokens : undefined,
    counts: problems.counts,
    problems: problems.listed,
    ...(request.heldOut && { sharedPrompts: request.heldOut.shared }),
    indexBytes: index.bytes,
    seconds: (performance.now() - startedAt) / 1000,
  };
  return { index, report };
}

/** Says of each record in file order why it can't be used, if so. */
class RowCheck {
  longestPromptTokens = 0;
  private readonly prompts = new HashIndex();
  private readonly ids = new HashIndex();
  private readonly hasId: boolean;
  private readonly hasAnswer: boolean;

  constructor(
    private readonly source: DataFile,
    private readonly mapping: Mapping,
    private readonly request: DatasetRequest,
  ) {
    this.hasId = fieldOf(mapping, 'id') !== undefined;
    this.hasAnswer = fieldOf(mapping, 'answer') !== undefined;
  }

  problemOf(record: FileRecord, row: number): Problem | undefined {
    const mapped = readColumns(this.mapping, record.columns);
    const found = this.find(record.columns, mapped, row, record.line);
    return found && { ...found, row, place: placeOf(this.source, record) };
  }

  private find(
    columns: Columns,
    mapped: MappedColumns,
    row: number,
    line: number,
  ): { kind: ProblemKind; reason: string } | undefined {
    const { prompt, answer, id } = mapped;
    if (prompt === undefined) return { kind: 'promptNotText', reason: 'The prompt is an object, not text.' };
    if (prompt.trim() === '') return { kind: 'emptyPrompt', reason: 'The prompt is empty.' };
    if (this.hasAnswer && isMissing(answer)) return { kind: 'missingAnswer', reason: 'The answer is missing.' };
    if (this.hasId && id === undefined) return { kind: 'missingId', reason: 'The id is missing.' };
    const limit = this.request.promptLimit;
    if (limit !== undefined) {
      const tokens = limit.count(toRow(this.source.file, this.mapping, columns, mapped, row, ''));
      if (tokens > limit.tokens) {
        return { kind: 'promptTooLong', reason: `The prompt has ${tokens} tokens; at most ${limit.tokens} fit.` };
      }
      this.longestPromptTokens = Math.max(this.longestPromptTokens, tokens);
    }
    const what = this.source.hasLines ? 'line' : 'row';
    const hash = hash64(prompt);
    const samePrompt = this.prompts.add(hash, line);
    if (samePrompt !== undefined) return { kind: 'duplicate', reason: `The same prompt as in ${what} ${samePrompt}.` };
    const sameId = id === undefined ? undefined : this.ids.add(hash64(id), line);
    if (sameId !== undefined) return { kind: 'duplicate', reason: `The same id "${id}" as in ${what} ${sameId}.` };
    this.request.heldOut?.meet(hash, () => ({ place: placeOf(this.source, { line }), row }));
    return undefined;
  }
}

function isMissing(answer: unknown): boolean {
  return answer === undefined || answer === null || (typeof answer === 'string' && answer.trim() === '');
}

function placeOf(source: DataFile, { line }: { line: number }): SourcePlace {
  return source.hasLines ? { file: source.file, line } : { file: source.file };
}

function refuseBadRows(report: DatasetReport, onBadRow: 'skip' | 'refuse'): void {
  const bad = report.records - report.rows;
  const first = report.problems[0];
  if (bad === 0 || first === undefined) return;
  const found = `${bad} of ${report.records} rows can't be used: ${describeCounts(report.counts)}. The first: ${describeProblem(first)}`;
  if (report.rows === 0) {
    throw new SuperRlError('data', `${found} No row is left; check data.map and the file.`, {
      place: { file: report.file },
    });
  }
  if (onBadRow === 'refuse') {
    throw new SuperRlError('data', `${found} Correct them, or set data.onBadRow to "skip".`, {
      place: { file: report.file },
    });
  }
}
