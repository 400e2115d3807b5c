// Stored completions for scoring anew: steps whose files are read together, whole groups in batches, some groups of a
// file, and lines that aren't samples.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Batch, batches, readGroups, stepsTogether } from '../../../backend/server/computation/rescore-batches';
import { sampleFilePath } from '../../../backend/trainer/run-folder/sample-file';

let run: string;
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), 'superrl-batches-'));
  mkdirSync(join(run, 'samples'));
});
afterEach(() => rmSync(run, { recursive: true }));

const decision = {
  ...{ kind: 'pg', reason: '', passRate: 0, successes: 0, valid: 2, k: 2, solved: 'none', noSignal: false },
  ...{ maskedByShaping: false, missingDemonstration: false },
};

function group(step: number, group: number, k: number, change: object = {}): object[] {
  const place = { step, group };
  const source = { file: '/train.jsonl', row: group, rowHash: '' };
  return [
    {
      ...{
        kind: 'group',
        ...place,
        attempt: 0,
        promptId: `p${group}`,
        occurrence: 0,
        source,
        prompt: '',
        question: '',
      },
      ...{ answer: '1', columns: {}, demonstrations: [], decision },
    },
    ...Array.from({ length: k }, (_, index) => ({
      ...{ kind: 'completion', ...place, index, text: 'text', tokenIds: [1], rewards: { r: { value: 0, ms: 1 } } },
      ...{ reward: 0, correctness: 0, success: false, advantage: 0, stopReason: 'eos', truncated: false, ...change },
    })),
  ];
}

function write(step: number, lines: readonly object[]): void {
  writeFileSync(sampleFilePath(run, step), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
}

const all = (): Batch[] => [...batches(run, [1, 2])];

const sizes = (found: readonly Batch[]) =>
  found.map(({ groups }) => groups.reduce((sum, { completions }) => sum + completions.length, 0));

it('gives whole groups in order, a thousand completions at a time', () => {
  write(1, [...group(1, 0, 700), ...group(1, 1, 700)]);
  write(2, group(2, 0, 3));
  const found = all();
  expect(sizes(found)).toEqual([1400, 3]);
  expect(found[0]!.groups.map(({ group }) => group.group)).toEqual([0, 1]);
});

it('long completions make small batches', () => {
  write(
    1,
    [0, 1, 2].flatMap((index) => group(1, index, 2, { text: 'x'.repeat(600_000) })),
  );
  write(2, group(2, 0, 1));
  expect(sizes(all())).toEqual([4, 3]);
});

it('keeps failures and their reasons', () => {
  const rewards = { r: { invalid: 'threw', reason: 'Error: no', stack: 'at f' } };
  write(1, group(1, 0, 1, { rewards }));
  write(2, group(2, 0, 1));
  expect(all()[0]!.groups[0]!.completions[0]!.rewards).toEqual(rewards);
});

it.each([
  ['text', { text: 7 }],
  ['token ids', { tokenIds: 'none' }],
  ['a reward', { rewards: { r: { value: true } } }],
])('a line whose %s is no such thing is named by file and line', (_, change) => {
  write(1, group(1, 0, 1));
  write(2, [...group(2, 0, 1), ...group(2, 1, 1, change)]);
  expect(() => all()).toThrow(/step-000002\.jsonl:4: This line is not a sample; the file was changed or damaged\./);
});

it('reads together what comes to half a megabyte, and leaves files that a host should not hold', () => {
  write(1, group(1, 0, 2));
  write(2, group(2, 0, 2));
  write(3, group(3, 0, 2, { text: 'x'.repeat(300_000) }));
  write(4, group(4, 0, 17, { text: 'x'.repeat(1_000_000) }));
  write(5, group(5, 0, 2));
  expect([...stepsTogether(run, [1, 2, 3, 4, 5])]).toEqual([
    { steps: [1, 2], small: true },
    { steps: [3], small: true },
    { steps: [4], small: false },
    { steps: [5], small: true },
  ]);
});

it('reads some groups of a file, and parses no line of the others', () => {
  const [first = {}, ...others] = group(1, 0, 2);
  write(1, [first, ...others, ...group(1, 3, 3), ...group(1, 5, 1)]);
  const file = { groups: [0, 3, 5], sizes: [2, 3, 1], before: [] };
  const read = readGroups(run, 1, file, new Set([1, 2]));
  expect([...read.keys()]).toEqual([1, 2]);
  expect(read.get(1)!.group.group).toBe(3);
  expect(read.get(1)!.completions.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(read.get(2)!.completions).toHaveLength(1);
  write(1, [{ kind: 'damaged' }, ...others, ...group(1, 3, 3), ...group(1, 5, 1)]);
  expect(readGroups(run, 1, file, new Set([1])).size).toBe(1);
  expect(() => readGroups(run, 1, file, new Set([0]))).toThrow(/step-000001\.jsonl:1: This line is not a sample;/);
});

it('a file that was written anew meanwhile is named', () => {
  write(1, [...group(1, 0, 2), ...group(1, 1, 2)]);
  const again = /step-000001\.jsonl: This file was written anew while it was rescored\. Rescore the run again\./;
  expect(() => readGroups(run, 1, { groups: [0, 2], sizes: [2, 2], before: [] }, new Set([1]))).toThrow(again);
  expect(() => readGroups(run, 1, { groups: [0, 1], sizes: [3, 1], before: [] }, new Set([0]))).toThrow(again);
  expect(() => readGroups(run, 1, { groups: [0], sizes: [5], before: [] }, new Set([0]))).toThrow(again);
});
