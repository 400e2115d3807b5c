// What the two sources of traces (a column, another file) share: their contract, coverage, and the limit.
import { type SourcePlace, SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import type { Problem, ProblemList, TraceProblemKind } from './problems';
import type { Row } from './row';

export type TracesConfig = NonNullable<RunConfig['traces']>;

/** One demonstration and where it stands. */
export interface Trace {
  readonly text: string;
  readonly place: SourcePlace;
}

/** Longest demonstration in tokens (rollout.maxNewTokens), its ending counted by `count`. */
export interface TraceLimit {
  readonly tokens: number;
  count(text: string): number;
}

export interface TraceCoverage {
  /** File that the traces come from. */
  readonly file: string;
  /** What the traces are joined on; "column" for the dataset's own file. */
  readonly join: string;
  readonly prompts: number;
  readonly promptsWithTraces: number;
  /** Traces that can be used; those left out are counted in `counts`. */
  readonly traces: number;
  readonly mostForOnePrompt: number;
  readonly counts: Partial<Record<TraceProblemKind, number>>;
  /** The first of each kind. */
  readonly problems: readonly Problem<TraceProblemKind>[];
}

export interface AttachOptions {
  /** Without it, no trace is too long. */
  readonly limit?: TraceLimit;
  readonly signal?: AbortSignal;
}

/** Where traces come from; made by trace-column.ts and trace-file.ts. */
export interface TraceSource {
  readonly coverage: TraceCoverage;
  of(index: number, row: Row): Promise<readonly Trace[]>;
  close(): Promise<void>;
}

export type TraceProblems = ProblemList<TraceProblemKind>;

/** Counts what a trace lacks, and says whether it can be used. */
export function isUsable(
  trace: { readonly text: string; readonly place: SourcePlace; readonly row: number },
  traces: TracesConfig,
  limit: TraceLimit | undefined,
  problems: TraceProblems,
): boolean {
  if (limit === undefined) return true;
  const tokens = limit.count(trace.text);
  if (tokens <= limit.tokens) return true;
  const reason = `The trace has ${tokens} tokens; rollout.maxNewTokens is ${limit.tokens}.`;
  problems.add({ kind: 'traceTooLong', place: trace.place, row: trace.row, reason });
  return traces.onTooLong !== 'skip';
}

/** The traces that stay when those over the limit are left out. */
export function withinLimit(
  all: readonly Trace[],
  traces: TracesConfig,
  limit: TraceLimit | undefined,
): readonly Trace[] {
  if (limit === undefined || traces.onTooLong !== 'skip') return all;
  return all.filter(({ text }) => limit.count(text) <= limit.tokens);
}

/** A mistake of a file of traces. */
export function tracesError(file: string, message: string): SuperRlError {
  return new SuperRlError('traces', message, { place: { file } });
}
