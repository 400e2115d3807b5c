// A run's stored completions in its order, in batches of whole groups, for scoring them anew.
import { readFileSync } from 'node:fs';
import { type SampleCompletion, type SampleGroup, sampleLineSchema } from '../../protocol/sample';
import { parseSampleLines, sampleFilePath } from '../../trainer/run-folder/sample-file';

/** Completions scored at once, unless they are long: then as many as come to so many characters and token ids. */
const batchSize = 1024;
const batchVolume = 2_000_000;

export type StoredCompletion = Pick<SampleCompletion, 'kind' | 'group' | 'index' | 'text' | 'rewards' | 'tokenIds'>;
type StoredLine = StoredCompletion | SampleGroup;

export interface StoredGroup {
  readonly group: SampleGroup;
  readonly completions: readonly StoredCompletion[];
}

export interface Batch {
  readonly step: number;
  readonly groups: readonly StoredGroup[];
}

/**
 * Whole groups in the run's order, until there are no more or `limit` completions are reached.
 * @throws SuperRlError `run` naming file and line when a line isn't a sample.
 */
export function* batches(
  run: string,
  steps: readonly number[],
  limit: number,
): Generator<Batch, { complete: boolean }> {
  let groups: StoredGroup[] = [];
  let size = 0;
  let volume = 0;
  let given = 0;
  for (const step of steps) {
    for (const group of storedGroups(readStep(run, step))) {
      if (group.completions.length === 0) continue;
      if (given + size + group.completions.length > limit) {
        if (size > 0) yield { step, groups };
        return { complete: false };
      }
      groups.push(group);
      size += group.completions.length;
      for (const { text, tokenIds } of group.completions) volume += text.length + tokenIds.length;
      if (size < batchSize && volume < batchVolume) continue;
      yield { step, groups };
      given += size;
      groups = [];
      size = 0;
      volume = 0;
    }
  }
  if (size > 0) yield { step: steps.at(-1) ?? 0, groups };
  return { complete: true };
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
