// The rows of a dataset that can't be used, counted by kind; the first of each kind are listed with
// file and line, so that a file with a million bad rows still gives a short list.
import { formatPlace, type SourcePlace } from '../protocol/errors';

export const problemKinds = [
  'duplicate',
  'emptyPrompt',
  'promptNotText',
  'missingAnswer',
  'missingId',
  'promptTooLong',
] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** One and several, as counts name them. */
const nouns: Readonly<Record<ProblemKind, readonly [one: string, several: string]>> = {
  duplicate: ['duplicate', 'duplicates'],
  emptyPrompt: ['empty prompt', 'empty prompts'],
  promptNotText: ['prompt that is not text', 'prompts that are not text'],
  missingAnswer: ['missing answer', 'missing answers'],
  missingId: ['missing id', 'missing ids'],
  promptTooLong: ['prompt that is too long', 'prompts that are too long'],
};

export interface Problem {
  readonly kind: ProblemKind;
  readonly place: SourcePlace;
  /** 0-based number of the record in the file. */
  readonly row: number;
  readonly reason: string;
}

const listedOfEachKind = 50;

export class ProblemList {
  private readonly byKind = new Map<ProblemKind, { count: number; listed: Problem[] }>();

  add(problem: Problem): void {
    const entry = this.byKind.get(problem.kind) ?? { count: 0, listed: [] };
    entry.count++;
    if (entry.listed.length < listedOfEachKind) entry.listed.push(problem);
    this.byKind.set(problem.kind, entry);
  }

  /** Only kinds that occurred. */
  get counts(): Partial<Record<ProblemKind, number>> {
    return Object.fromEntries([...this.byKind].map(([kind, { count }]) => [kind, count]));
  }

  /** The first ones of each kind, in file order. */
  get listed(): readonly Problem[] {
    return [...this.byKind.values()].flatMap(({ listed }) => listed).sort((a, b) => a.row - b.row);
  }
}

/** "2 duplicates, 1 empty prompt". */
export function describeCounts(counts: Partial<Record<ProblemKind, number>>): string {
  const parts = problemKinds.flatMap((kind) => {
    const count = counts[kind] ?? 0;
    return count === 0 ? [] : [`${count} ${nouns[kind][count === 1 ? 0 : 1]}`];
  });
  return parts.join(', ');
}

export function describeProblem(problem: Problem): string {
  const where = problem.place.line === undefined ? `, row ${problem.row + 1}` : '';
  return `${formatPlace(problem.place)}${where}: ${problem.reason}`;
}
