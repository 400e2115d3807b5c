// A run's stored completions in its order, in batches of whole groups, for scoring them anew: the next files are read
// while a batch is scored, and of each line only what that needs is checked.
import { z } from 'zod';
import {
  type SampleCompletion,
  type SampleGroup,
  sampleCompletionSchema,
  sampleGroupSchema,
} from '../../protocol/sample';
import { readSampleLines } from '../../trainer/run-folder/sample-file';

/** Completions scored at once, unless they are long: then as many as come to so many characters and token ids. */
const batchSize = 1024;
const batchVolume = 2_000_000;
/** Files that are read ahead. */
const ahead = 4;

const storedCompletionSchema = sampleCompletionSchema
  .pick({ kind: true, group: true, index: true, text: true, rewards: true })
  .extend({ tokenIds: z.custom<number[]>(Array.isArray) }); // passed on as they are; looking at each costs as much as all else
const storedLineSchema = z.discriminatedUnion('kind', [sampleGroupSchema, storedCompletionSchema]);
type StoredLine = z.infer<typeof storedLineSchema>;

export type StoredCompletion = Pick<SampleCompletion, 'index' | 'text' | 'rewards' | 'tokenIds'>;

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
export async function* batches(
  run: string,
  steps: readonly number[],
  limit: number,
): AsyncGenerator<Batch, { complete: boolean }> {
  let groups: StoredGroup[] = [];
  let size = 0;
  let volume = 0;
  let given = 0;
  for await (const { step, lines } of readAhead(run, steps)) {
    for (const group of storedGroups(lines)) {
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

async function* readAhead(
  run: string,
  steps: readonly number[],
): AsyncGenerator<{ step: number; lines: StoredLine[] }> {
  const reading: Promise<StoredLine[]>[] = [];
  for (const [index, step] of steps.entries()) {
    for (const next of steps.slice(index + reading.length, index + ahead)) {
      const lines = readSampleLines(run, next, storedLineSchema);
      lines.catch(() => undefined); // told in its turn
      reading.push(lines);
    }
    yield { step, lines: (await reading.shift()) ?? [] };
  }
}

function storedGroups(lines: readonly StoredLine[]): StoredGroup[] {
  const groups = new Map<number, { group: SampleGroup; completions: StoredCompletion[] }>();
  for (const line of lines) {
    if (line.kind === 'group') groups.set(line.group, { group: line, completions: [] });
    else groups.get(line.group)?.completions.push(line);
  }
  return [...groups.values()];
}
