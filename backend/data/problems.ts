// The rows of a dataset (or traces of a file) that can't be used, counted by kind; the first of each kind
// are listed with file and line, so that a file with a million bad rows still gives a short list.
import { formatPlace, type SourcePlace } from '../protocol/errors';

/** Kinds of unusable rows of a dataset. */
export type ProblemKind =
  | 'duplicate'
  | 'emptyPrompt'
  | 'promptNotText'
  | 'missingAnswer'
  | 'missingId'
  | 'promptTooLong';

/** Kinds of traces that are left out (or, too long ones, perhaps only counted). */
export type TraceProblemKind = 'unmatched' | 'emptyTrace' | 'traceNotText' | 'missingKey' | 'traceTooLong';

/** One and several, as counts name them, in the order of naming. */
const nouns: Readonly<Record<ProblemKind | TraceProblemKind, readonly [one: string, several: string]>> = {
  duplicate: ['duplicate', 'duplicates'],
  emptyPrompt: ['empty prompt', 'empty prompts'],
  promptNotText: ['prompt that is not text', 'prompts that are not text'],
  missingAnswer: ['missing answer', 'missing answers'],
  missingId: ['missing id', 'missing ids'],
  promptTooLong: ['prompt that is too long', 'prompts that are too long'],
  unmatched: ['trace without a prompt', 'traces without a prompt'],
  emptyTrace: ['empty trace', 'empty traces'],
  traceNotText: ['trace that is not text', 'traces that are not text'],
  missingKey: ['trace without a join value', 'traces without a join value'],
  traceTooLong: ['trace over the completion limit', 'traces over the completion limit'],
};

export interface Problem<Kind extends string = ProblemKind> {
  readonly kind: Kind;
  readonly place: SourcePlace;
  /** 0-based number of the record in the file. */
  readonly row: number;
  readonly reason: string;
}

const listedOfEachKind = 50;

export class ProblemList<Kind extends string = ProblemKind> {
  private readonly byKind = new Map<Kind, { count: number; listed: Problem<Kind>[] }>();

  add(problem: Problem<Kind>): void {
    const entry = this.byKind.get(problem.kind) ?? { count: 0, listed: [] };
    entry.count++;
    if (entry.listed.length < listedOfEachKind) entry.listed.push(problem);
    this.byKind.set(problem.kind, entry);
  }

  /** Only kinds that occurred. */
  get counts(): Partial<Record<Kind, number>> {
    const counts: Partial<Record<Kind, number>> = {};
    for (const [kind, { count }] of this.byKind) counts[kind] = count;
    return counts;
  }

  /** The first ones of each kind, in file order. */
  get listed(): readonly Problem<Kind>[] {
    return [...this.byKind.values()].flatMap(({ listed }) => listed).sort((a, b) => a.row - b.row);
  }
}

/** "2 duplicates, 1 empty prompt"; '' for none. */
export function describeCounts(counts: Partial<Record<ProblemKind | TraceProblemKind, number>>): string {
  return Object.entries(nouns)
    .flatMap(([kind, [one, several]]) => {
      const count = Object.entries(counts).find(([counted]) => counted === kind)?.[1] ?? 0;
      return count === 0 ? [] : [`${count} ${count === 1 ? one : several}`];
    })
    .join(', ');
}

export function describeProblem(problem: Problem<string>): string {
  return `${describeRow(problem)}: ${problem.reason}`;
}

/** "train.jsonl:17", and "train.parquet, row 17" where there are no lines. */
export function describeRow({ place, row }: Pick<Problem, 'place' | 'row'>): string {
  return `${formatPlace(place)}${place.line === undefined ? `, row ${row + 1}` : ''}`;
}
