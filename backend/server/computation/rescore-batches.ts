// A run's stored completions in its order, for scoring them anew: which steps' files a reward host reads at once, and
// whole groups in batches where it can't.
import { readFileSync, statSync } from 'node:fs';
import { SuperRlError } from '../../protocol/errors';
import { type SampleCompletion, type SampleGroup, sampleLineSchema } from '../../protocol/sample';
import type { StoredFile } from '../../rewards/host/stored-samples';
import { parseSampleLine, parseSampleLines, sampleFilePath } from '../../trainer/run-folder/sample-file';

/** Completions scored at once, unless they are long: then as many as come to so many characters and token ids. */
const batchSize = 1024;
const batchVolume = 2_000_000;

/** Files are read together until they come to so many bytes: some thousand short completions. */
const bytesTogether = 500_000;
/** A larger file is read here and handed on in batches, so that a host need not hold all of it. */
const mostHostBytes = 16_000_000;

export type StoredCompletion = Pick<SampleCompletion, 'kind' | 'group' | 'index' | 'text' | 'rewards' | 'tokenIds'>;
type StoredLine = StoredCompletion | SampleGroup;

export interface StoredGroup {
  readonly group: SampleGroup;
  readonly completions: readonly StoredCompletion[];
}

export interface Batch {
  readonly groups: readonly StoredGroup[];
}

/** Steps that are scored together; `small`: a host may read their files. */
export interface StepsTogether {
  readonly steps: readonly number[];
  readonly small: boolean;
}

export function* stepsTogether(run: string, steps: readonly number[]): Generator<StepsTogether> {
  let together: number[] = [];
  let bytes = 0;
  for (const step of steps) {
    const { size } = statSync(sampleFilePath(run, step));
    if (together.length > 0 && bytes + size > bytesTogether) {
      yield { steps: together, small: bytes <= mostHostBytes };
      together = [];
      bytes = 0;
    }
    together.push(step);
    bytes += size;
  }
  if (together.length > 0) yield { steps: together, small: bytes <= mostHostBytes };
}

/**
 * Whole groups in the run's order.
 * @throws SuperRlError `run` naming file and line when a line isn't a sample.
 */
export function* batches(run: string, steps: readonly number[]): Generator<Batch> {
  let groups: StoredGroup[] = [];
  let size = 0;
  let volume = 0;
  for (const step of steps) {
    for (const group of storedGroups(readStep(run, step))) {
      if (group.completions.length === 0) continue;
      groups.push(group);
      size += group.completions.length;
      for (const { text, tokenIds } of group.completions) volume += text.length + tokenIds.length;
      if (size < batchSize && volume < batchVolume) continue;
      yield { groups };
      groups = [];
      size = 0;
      volume = 0;
    }
  }
  if (size > 0) yield { groups };
}

/**
 * Some groups, by their place in a file of which a host has told what it holds; other lines aren't parsed.
 * @throws SuperRlError `run` when a line isn't a sample, or the file isn't what it was.
 */
export function readGroups(
  run: string,
  step: number,
  { groups, sizes }: StoredFile,
  wanted: ReadonlySet<number>,
): Map<number, StoredGroup> {
  const file = sampleFilePath(run, step);
  const lines = readFileSync(file, 'utf8').split('\n');
  const read = new Map<number, StoredGroup>();
  let head = 0;
  for (const [place, size] of sizes.entries()) {
    if (wanted.has(place)) {
      const own = lines.slice(head, head + 1 + size);
      const parsed = own.map((line, at) => parseSampleLine(line, storedLine, file, head + at + 1));
      const [group, ...rest] = storedGroups(parsed);
      if (rest.length > 0 || group?.group.group !== groups[place] || group?.completions.length !== size) {
        throw new SuperRlError('run', 'This file was written anew while it was rescored. Rescore the run again.', {
          place: { file },
        });
      }
      read.set(place, group);
    }
    head += 1 + size;
  }
  return read;
}

/** In this process nothing else waits, and reading many small files one by one costs least. */
function readStep(run: string, step: number): StoredLine[] {
  const file = sampleFilePath(run, step);
  return parseSampleLines(readFileSync(file, 'utf8'), file, storedLine);
}

/** Most lines are seen at a glance to have what is needed here; the schema, which costs more than parsing, has the rest. */
function storedLine(value: unknown): StoredLine {
  return isStoredCompletion(value) ? value : sampleLineSchema.parse(value);
}

function isStoredCompletion(value: unknown): value is StoredCompletion {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'completion') return false;
  const line: Partial<Record<keyof SampleCompletion, unknown>> = value;
  const { group, index, text, tokenIds, rewards } = line;
  return (
    Number.isInteger(group) &&
    Number.isInteger(index) &&
    typeof text === 'string' &&
    Array.isArray(tokenIds) &&
    typeof rewards === 'object' &&
    rewards !== null &&
    Object.values(rewards).every(isPlainOutcome)
  );
}

/** A score; anything more is for the schema. */
function isPlainOutcome(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null || !('value' in outcome)) return false;
  return typeof outcome.value === 'number' || outcome.value === null;
}

function storedGroups(lines: readonly StoredLine[]): StoredGroup[] {
  const groups = new Map<number, { group: SampleGroup; completions: StoredCompletion[] }>();
  for (const line of lines) {
    if (line.kind === 'group') groups.set(line.group, { group: line, completions: [] });
    else groups.get(line.group)?.completions.push(line);
  }
  return [...groups.values()];
}
