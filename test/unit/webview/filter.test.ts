// The filter of the samples follows the rules of the backend's search.
import { expect, test } from 'vitest';
import type { DashboardGroup } from '../../../backend/protocol/dashboard';
import { filtered, isEmpty, ordered } from '../../../webview/samples/filter';
import { syntheticGroups } from '../../webview/synthetic-groups';

const groups: DashboardGroup[] = syntheticGroups(6, 20);

test('by decision, by what was solved, by masking', () => {
  for (const kind of ['pg', 'sft', 'mix', 'skip'] as const) {
    expect(filtered(groups, { decision: kind })).toEqual(groups.filter(({ decision }) => decision.kind === kind));
  }
  expect(filtered(groups, { solved: 'some' })).toEqual(groups.filter(({ decision }) => decision.solved === 'some'));
  expect(filtered(groups, { maskedByShaping: true })).toEqual(
    groups.filter(({ decision }) => decision.maskedByShaping),
  );
});

test('with a text only completions that hold it, in any case', () => {
  const found = filtered(groups, { text: '#### 72' });
  expect(found.length).toBeGreaterThan(0);
  expect(found.every(({ completions }) => completions.every(({ text }) => text.includes('#### 72')))).toBe(true);
  expect(filtered(groups, { text: 'NATALIA never asked' })).toEqual([]);
  expect(filtered(groups, { text: 'LET ME THINK' }).length).toBe(groups.length - 1);
});

test('orders; an invalid completion has the lowest reward', () => {
  const [, , third] = groups;
  const completions = third?.completions ?? [];
  const tokens = ordered(completions, 'shortest').map((one) => one.tokens);
  expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
  expect(ordered(completions, 'longest').map((one) => one.tokens)).toEqual(tokens.toReversed());
  expect(ordered(completions, 'worst')[0]?.reward).toBeNull();
  expect(ordered(completions, 'best').at(-1)?.reward).toBeNull();
  expect(ordered(ordered(completions, 'best'), 'sampled')).toEqual(completions);
});

test('an empty filter', () => {
  expect(isEmpty({ text: '', decision: undefined })).toBe(true);
  expect(isEmpty({ maskedByShaping: true })).toBe(false);
});
