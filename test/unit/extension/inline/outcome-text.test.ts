// The words behind a row and at the head of a file.
import { expect, it } from 'vitest';
import { outcomeLine, splitLine } from '../../../../extension/inline/outcome-text';

const row = {
  ...{ file: '/w/t.jsonl', row: 7, rowHash: 'ab', promptId: 'p', step: 12, group: 3, solved: 3, k: 8, decision: 'pg' },
  decisions: { pg: 1, sft: 2 },
  lastReward: 0,
};

it('says what a run made of a row', () => {
  expect(outcomeLine(row)).toBe('solved 3/8 · sft ×2 · pg ×1 · last r=0');
  expect(outcomeLine({ ...row, solved: 0, lastReward: null })).toBe('solved 0/8 · sft ×2 · pg ×1 · no valid reward');
  expect(outcomeLine({ ...row, solved: 0, k: 0, lastReward: null })).toBe('solved 0/0 · sft ×2 · pg ×1');
});

it('keeps to 80 characters', () => {
  const decisions = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`decision${i}`, i]));
  expect(outcomeLine({ ...row, decisions })).toHaveLength(80);
});

it('says how much of a file is solved', () => {
  expect(splitLine({ none: 1, some: 2, all: 1 })).toBe('of 4 rows trained on: none solved 25 %, some 50 %, all 25 %');
  expect(splitLine({ none: 0, some: 0, all: 0 })).toBeUndefined();
});
