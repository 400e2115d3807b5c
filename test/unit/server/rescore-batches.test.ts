// Stored completions in batches for scoring anew: whole groups, a limit, and lines that aren't samples.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Batch, batches } from '../../../backend/server/computation/rescore-batches';
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

function all(limit = Number.POSITIVE_INFINITY): { batches: Batch[]; complete: boolean } {
  const source = batches(run, [1, 2], limit);
  const found: Batch[] = [];
  for (let next = source.next(); ; next = source.next()) {
    if (next.done) return { batches: found, complete: next.value.complete };
    found.push(next.value);
  }
}

const sizes = (found: readonly Batch[]) =>
  found.map(({ groups }) => groups.reduce((sum, { completions }) => sum + completions.length, 0));

it('gives whole groups in order, a thousand completions at a time', () => {
  write(1, [...group(1, 0, 700), ...group(1, 1, 700)]);
  write(2, group(2, 0, 3));
  const { batches: found, complete } = all();
  expect(sizes(found)).toEqual([1400, 3]);
  expect(complete).toBe(true);
  expect(found[0]!.groups.map(({ group }) => group.group)).toEqual([0, 1]);
});

it('long completions make small batches', () => {
  write(
    1,
    [0, 1, 2].flatMap((index) => group(1, index, 2, { text: 'x'.repeat(600_000) })),
  );
  write(2, group(2, 0, 1));
  expect(sizes(all().batches)).toEqual([4, 3]);
});

it('stops before the group that would go over the limit', () => {
  write(1, [...group(1, 0, 4), ...group(1, 1, 4)]);
  write(2, group(2, 0, 4));
  const { batches: found, complete } = all(10);
  expect(sizes(found)).toEqual([8]);
  expect(complete).toBe(false);
});

it('keeps failures and their reasons', () => {
  const rewards = { r: { invalid: 'threw', reason: 'Error: no', stack: 'at f' } };
  write(1, group(1, 0, 1, { rewards }));
  write(2, group(2, 0, 1));
  expect(all().batches[0]!.groups[0]!.completions[0]!.rewards).toEqual(rewards);
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
