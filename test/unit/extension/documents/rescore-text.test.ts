// Both sides of a rescored run stay line by line beside each other.
import { describe, expect, it } from 'vitest';
import { rescoreSummary, rescoreTexts } from '../../../../extension/documents/rescore-text';

const result = {
  completions: 1024,
  changed: [
    { step: 2, group: 0, index: 3, before: { value: 0 }, after: { invalid: 'threw', reason: 'a\nb' } as const },
  ],
  changedCount: 3,
  decisionsChanged: [{ step: 2, group: 0, before: 'sft', after: 'pg' }],
};

describe('a rescored run', () => {
  it('is summed up', () => {
    const summary =
      '1,024 completions scored anew by solved: 3 changed, one decision of the switch would have been another.';
    expect(rescoreSummary(result, 'solved')).toBe(summary);
    const none = { ...result, changedCount: 0, changed: [], decisionsChanged: [] };
    expect(rescoreSummary(none, 'solved')).toBe('1,024 completions scored anew by solved: none changed.');
  });

  it('stands line by line beside what was stored', () => {
    const { before, after, places } = rescoreTexts(result, 'solved');
    const [left, right] = [before.split('\n'), after.split('\n')];
    expect(left).toHaveLength(right.length);
    expect(left.filter((line, at) => line !== right[at])).toEqual([
      'step 2, group 1: sft',
      'step 2, group 1, completion 4: 0',
    ]);
    expect(right).toContain('step 2, group 1, completion 4: invalid (threw): a');
    expect(right).toContain('Decisions of the switch (1 × sft → pg)');
    expect(right).toContain('… and 2 more changed completions');
    expect([...places].map(([line, place]) => [left[line], place])).toEqual([
      ['step 2, group 1: sft', { step: 2, group: 0 }],
      ['step 2, group 1, completion 4: 0', { step: 2, group: 0, index: 3 }],
    ]);
  });

  it('lists what a diff can take, and counts all', () => {
    const many = Array.from({ length: 1500 }, (_, step) => step);
    const all = {
      completions: 3000,
      changed: many.map((step) => ({ step, group: 0, index: 0, before: { value: 0 }, after: { value: 1 } })),
      changedCount: 2500,
      decisionsChanged: many.map((step) => ({ step, group: 0, before: step < 2 ? 'pg' : 'sft', after: 'none' })),
    };
    const lines = rescoreTexts(all, 'solved').after.split('\n');
    expect(lines).toHaveLength(2008);
    expect(lines).toContain('Decisions of the switch (1,498 × sft → none, 2 × pg → none)');
    expect(lines).toContain('… and 500 more decisions');
    expect(lines).toContain('… and 1,500 more changed completions');
  });
});
