// Where a reward contradicts a trace.
import { expect, test } from 'vitest';
import type { DashboardGroup } from '../../../backend/protocol/dashboard';
import { mostTelling, repeatsTrace, unrewardedTraces } from '../../../webview/samples/unrewarded-traces';

type Completion = DashboardGroup['completions'][number];

function group(index: number, completions: readonly Partial<Completion>[]): DashboardGroup {
  return { group: index, demonstrations: ['496\n'], completions } as unknown as DashboardGroup;
}
const right = { text: '496', cut: false, success: false, reward: 0 };

test('a completion repeats a trace whatever white space is around it, and whole only', () => {
  const traces = { demonstrations: ['496\n', '1'] };
  expect(repeatsTrace({ ...right, text: ' 1' } as Completion, traces)).toBe(true);
  expect(repeatsTrace({ ...right, text: '4' } as Completion, traces)).toBe(false);
  expect(repeatsTrace({ ...right, cut: true } as Completion, traces)).toBe(false);
});

test('those that succeed or have no valid reward contradict nothing', () => {
  const completions = [right, { ...right, success: true }, { ...right, reward: null }, { ...right, text: '495' }];
  expect(unrewardedTraces(group(0, completions))).toEqual([right]);
});

test('the group with most of them is shown first, else the first group', () => {
  const groups = [group(0, [{ ...right, text: '1' }]), group(1, [right]), group(2, [right, right])];
  expect(mostTelling(groups)?.group).toBe(2);
  expect(mostTelling(groups.slice(0, 1))?.group).toBe(0);
  expect(mostTelling([])).toBeUndefined();
});
