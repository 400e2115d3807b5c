// Traces from another file, joined to the dataset's prompts on the exact prompt text or on an id column.
// The join keeps, for each prompt, a chain of trace records in file order; several a prompt are fine.
import { type DataFile, openDataFile } from './data-file';
import { firstRows, type OpenDataset } from './dataset';
import { compileExpression, type Expression } from './expression';
import type { Columns, FileRecord } from './formats/record';
import { HashIndex, hash64 } from './hash-index';
import { fieldOf, hasDemonstrations, type Mapping, mapColumns, readDemonstrations } from './mapping';
import { ProblemList, type TraceProblemKind } from './problems';
import { SpanIndex } from './span-index';
import { textOf } from './text';
import {
  type AttachOptions,
  isUsable,
  type Trace,
  type TraceCoverage,
  type TraceSource,
  type TracesConfig,
  tracesError,
  withinLimit,
} from './trace-source';

const none = 0xffffffff;

/** A file of traces, and how its records find their prompt. */
export interface TraceFile {
  readonly source: DataFile;
  readonly mapping: Mapping;
  /** The join value of a dataset's row (`ours`) and of a trace record (`theirs`). */
  readonly keys: { readonly ours: Expression; readonly theirs: Expression };
}

/** Throws SuperRlError('traces') for a missing join or trace column, and when no trace matches a prompt. */
export async function joinTraceFile(
  dataset: OpenDataset,
  traces: TracesConfig,
  path: string,
  options: AttachOptions,
): Promise<TraceSource> {
  const { source, mapping, keys } = await openTraceFile(dataset.mapping, traces, path, options.signal);
  try {
    const join = new TraceJoin(dataset, source, mapping, traces, options);
    await join.build(keys.ours, keys.theirs);
    return join;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Throws SuperRlError('traces') for a missing join or trace column. */
export async function openTraceFile(
  ofDataset: Mapping,
  traces: TracesConfig,
  path: string,
  signal?: AbortSignal,
): Promise<TraceFile> {
  const source = await openDataFile(path, signal);
  try {
    const onPrompt = traces.join === 'prompt';
    const rows = await firstRows(source, 100);
    const required = onPrompt ? (['prompt'] as const) : [];
    const mapping = mapColumns({ file: path, rows, map: traces.map, setting: 'traces.map', required });
    if (!hasDemonstrations(mapping)) {
      const columns = mapping.vocabulary.paths.filter((column) => !column.includes('.')).join(', ');
      throw tracesError(
        path,
        `No column is known to hold traces. Name one of ${columns} in traces.map, for example {"demonstration": "…"}.`,
      );
    }
    const keys = onPrompt
      ? { ours: fieldOf(ofDataset, 'prompt'), theirs: fieldOf(mapping, 'prompt') }
      : { ours: keyColumn(ofDataset, traces.join), theirs: keyColumn(mapping, traces.join) };
    const { ours, theirs } = keys;
    if (ours === undefined || theirs === undefined) throw new Error('a mapping without a prompt');
    return { source, mapping, keys: { ours, theirs } };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The id column: the one that a map names, else the one that traces.join names. */
function keyColumn(mapping: Mapping, join: string): Expression {
  const own = mapping.fields.find(({ field, origin }) => field === 'id' && origin === 'map');
  return own?.expression ?? compileExpression(join, mapping.vocabulary, 'traces.join', mapping.file);
}

class TraceJoin implements TraceSource {
  coverage: TraceCoverage;
  private readonly spans = new SpanIndex();
  /** First and last trace record of each prompt, and the one after each record, as numbers into spans. */
  private readonly first: Uint32Array;
  private readonly last: Uint32Array;
  private next = new Uint32Array(1024);

  constructor(
    private readonly dataset: OpenDataset,
    private readonly source: DataFile,
    private readonly mapping: Mapping,
    private readonly config: TracesConfig,
    private readonly options: AttachOptions,
  ) {
    this.first = new Uint32Array(dataset.length).fill(none);
    this.last = new Uint32Array(dataset.length).fill(none);
    const { file } = source;
    this.coverage = {
      file,
      join: config.join,
      prompts: dataset.length,
      promptsWithTraces: 0,
      traces: 0,
      mostForOnePrompt: 0,
      counts: {},
      problems: [],
    };
  }

  async build(ours: Expression, theirs: Expression): Promise<void> {
    const { dataset, source } = this;
    const prompts = new HashIndex();
    let index = 0;
    let exampleOfOurs = '';
    for await (const row of dataset.scan(this.options.signal)) {
      const key = textOf(ours.read(row.columns)) ?? '';
      if (index === 0) exampleOfOurs = key;
      if (key !== '') prompts.add(hash64(key), index);
      index++;
    }
    const problems = new ProblemList<TraceProblemKind>();
    const tracesOfPrompt = new Uint32Array(dataset.length);
    let record = 0;
    let traces = 0;
    let exampleOfTheirs = '';
    for await (const batch of source.batches(this.options.signal)) {
      for (const found of batch) {
        const at = { place: this.place(found), row: record++ };
        const key = textOf(theirs.read(found.columns)) ?? '';
        if (key === '') {
          const reason = `There is no "${theirs.text}" to join on.`;
          problems.add({ kind: 'missingKey', ...at, reason });
          continue;
        }
        if (exampleOfTheirs === '') exampleOfTheirs = key;
        const prompt = prompts.get(hash64(key));
        if (prompt === undefined) {
          problems.add({ kind: 'unmatched', ...at, reason: `No prompt has this ${theirs.text}.` });
          continue;
        }
        const usable = this.usableTexts(found.columns, at, problems);
        if (usable === 0) continue;
        this.link(prompt, { ...found, record: at.row });
        tracesOfPrompt[prompt] = (tracesOfPrompt[prompt] ?? 0) + usable;
        traces += usable;
      }
    }
    if (traces === 0) {
      throw tracesError(
        source.file,
        `None of its ${record} records gives a usable trace for a prompt of ${dataset.file}. They are joined on ` +
          `${this.config.join === 'prompt' ? 'the exact prompt' : `"${this.config.join}"`}: here ${shorten(exampleOfTheirs)}, there ${shorten(exampleOfOurs)}. ` +
          `${problems.listed[0]?.reason ?? ''} Check traces.join and traces.map.`,
      );
    }
    this.coverage = {
      ...this.coverage,
      promptsWithTraces: tracesOfPrompt.reduce((count, of) => count + (of > 0 ? 1 : 0), 0),
      traces,
      mostForOnePrompt: tracesOfPrompt.reduce((most, of) => Math.max(most, of), 0),
      counts: problems.counts,
      problems: problems.listed,
    };
  }

  async of(index: number): Promise<readonly Trace[]> {
    const traces: Trace[] = [];
    for (let entry = this.first[index] ?? none; entry !== none; entry = this.next[entry] ?? none) {
      const span = this.spans.at(entry);
      if (span === undefined) break;
      const { columns } = await this.source.read(span);
      const place = this.place(span);
      for (const text of readDemonstrations(this.mapping, columns) ?? []) traces.push({ text, place });
    }
    return withinLimit(traces, this.config, this.options.limit);
  }

  close(): Promise<void> {
    return this.source.close();
  }

  private place({ line }: { line: number }): Trace['place'] {
    return this.source.hasLines ? { file: this.source.file, line } : { file: this.source.file };
  }

  private usableTexts(
    columns: Columns,
    at: { place: Trace['place']; row: number },
    problems: ProblemList<TraceProblemKind>,
  ): number {
    const texts = readDemonstrations(this.mapping, columns);
    if (texts === undefined) problems.add({ kind: 'traceNotText', ...at, reason: 'The trace is an object, not text.' });
    else if (texts.length === 0) problems.add({ kind: 'emptyTrace', ...at, reason: 'The trace is empty.' });
    return (texts ?? []).filter((text) => isUsable({ text, ...at }, this.config, this.options.limit, problems)).length;
  }

  private link(prompt: number, record: FileRecord & { record: number }): void {
    const entry = this.spans.length;
    this.spans.push(record);
    if (entry === this.next.length) {
      const longer = new Uint32Array(this.next.length * 2);
      longer.set(this.next);
      this.next = longer;
    }
    this.next[entry] = none;
    const previous = this.last[prompt] ?? none;
    if (previous === none) this.first[prompt] = entry;
    else this.next[previous] = entry;
    this.last[prompt] = entry;
  }
}

function shorten(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}
