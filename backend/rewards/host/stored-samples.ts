// Stored completions that the reward host reads itself, from the sample files of a run: only their names travel to it,
// and numbers back. It reads files as the trainer writes them; any other is left to the process that asked, which
// knows how to say what is wrong with it.
import { readFileSync } from 'node:fs';
import type { RewardOutcome, SampleCompletion, SampleGroup } from '../../protocol/sample';
import type { RewardSample } from '../scorer';

export interface StoredReference {
  readonly files: readonly string[];
  /** The component whose stored outcomes are told beside the new ones. */
  readonly component: string;
}

/** A stored outcome without its details: the score, or in which way it was invalid. */
export type StoredOutcome = number | string | null;

/** What a file holds: the number of each group, how many completions it has, and what they were given, in order. */
export interface StoredFile {
  readonly groups: number[];
  readonly sizes: number[];
  readonly before: StoredOutcome[];
}

/** What scoring them anew gave: outcomes of all files' completions, one after the other. */
export interface StoredScores {
  readonly files: readonly StoredFile[];
  readonly outcomes: readonly RewardOutcome[];
}

type Group = Pick<SampleGroup, 'kind' | 'group' | 'question' | 'answer' | 'columns'>;
type Completion = Pick<SampleCompletion, 'kind' | 'group' | 'index' | 'text' | 'tokenIds' | 'rewards'>;

interface HeldGroup {
  readonly head: Group;
  readonly completions: Completion[];
}

export class StoredSamples {
  readonly files: StoredFile[] = [];
  readonly #samples: { readonly group: HeldGroup; readonly completion: Completion }[] = [];

  /** @returns undefined when a file is missing, damaged, or laid out in another way. */
  static read({ files, component }: StoredReference): StoredSamples | undefined {
    const stored = new StoredSamples();
    try {
      return files.every((file) => stored.#add(readFileSync(file, 'utf8'), component)) ? stored : undefined;
    } catch {
      return undefined;
    }
  }

  /** A row and an answer of its own: a function that changes them changes them for no other completion. */
  sample(index: number): RewardSample | undefined {
    const held = this.#samples[index];
    if (!held) return undefined;
    const { group, completion } = held;
    const { question, answer, columns, group: number } = group.head;
    return {
      prompt: question,
      completion: completion.text,
      answer: copyOfJson(answer),
      row: copyOfRecord(columns),
      group: { index: number, completion: completion.index, size: group.completions.length },
      tokenIds: completion.tokenIds,
    };
  }

  #add(text: string, component: string): boolean {
    const groups: HeldGroup[] = [];
    const before: StoredOutcome[] = [];
    let group: HeldGroup | undefined;
    for (let from = 0; from < text.length; ) {
      const newline = text.indexOf('\n', from);
      const end = newline === -1 ? text.length : newline;
      const line: unknown = JSON.parse(text.slice(from, end));
      from = end + 1;
      if (isGroup(line)) {
        group = { head: line, completions: [] };
        groups.push(group);
        continue;
      }
      if (!group || !isCompletion(line)) return false;
      if (line.group !== group.head.group || line.index !== group.completions.length) return false;
      const outcome = outcomeOf(line.rewards[component]);
      if (outcome === undefined) return false;
      before.push(outcome);
      group.completions.push(line);
      this.#samples.push({ group, completion: line });
    }
    const sizes = groups.map(({ completions }) => completions.length);
    this.files.push({ groups: groups.map(({ head }) => head.group), sizes, before });
    return true;
  }
}

function isGroup(line: unknown): line is Group {
  if (typeof line !== 'object' || line === null) return false;
  const { kind, group, question, columns }: Partial<Record<keyof Group, unknown>> = line;
  return (
    kind === 'group' &&
    Number.isInteger(group) &&
    typeof question === 'string' &&
    typeof columns === 'object' &&
    columns !== null &&
    !Array.isArray(columns)
  );
}

function isCompletion(line: unknown): line is Completion {
  if (typeof line !== 'object' || line === null) return false;
  const { kind, text, tokenIds, rewards }: Partial<Record<keyof Completion, unknown>> = line;
  return (
    kind === 'completion' &&
    typeof text === 'string' &&
    Array.isArray(tokenIds) &&
    typeof rewards === 'object' &&
    rewards !== null
  );
}

/** undefined: not an outcome that a number or a word can tell. */
function outcomeOf(stored: unknown): StoredOutcome | undefined {
  if (stored === undefined) return 'hostFailed'; // there is none
  if (typeof stored !== 'object' || stored === null) return undefined;
  if ('value' in stored) return typeof stored.value === 'number' || stored.value === null ? stored.value : undefined;
  return 'invalid' in stored && typeof stored.invalid === 'string' ? stored.invalid : undefined;
}

/** Of what JSON.parse made; several times as fast as parsing it again. */
function copyOfJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(copyOfJson) : copyOfRecord(value as Record<string, unknown>);
}

function copyOfRecord(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(record)) {
    const value = copyOfJson(record[key]);
    if (key !== '__proto__') copy[key] = value;
    else Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}
