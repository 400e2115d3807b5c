// Which stored completions are offered first under the debugger.
import { describe, expect, it } from 'vitest';
import { rankSamples } from '../../../../extension/debugging/rank-samples';
import { storedGroup } from '../stored-groups';

const threw = { invalid: 'threw', reason: 'TypeError: no' } as const;
const groups = [
  storedGroup(1, 0, [0, 1, 1, 1]),
  storedGroup(2, 0, [0.5, 0.5, threw, 0.5]),
  storedGroup(2, 1, [0, 0, 0, 0.25]),
];
const places = (order: Parameters<typeof rankSamples>[2], most?: number) =>
  rankSamples(groups, 'solved', order, most).map(
    ({ group, completion }) => `${group.step}/${group.group}/${completion.index}`,
  );

describe('samples worth a look', () => {
  it('puts the lowest first, of the same value the newest', () => {
    expect(places('lowest', 4)).toEqual(['2/1/0', '2/1/1', '2/1/2', '1/0/0']);
  });

  it('puts the highest first', () => {
    expect(places('highest', 3)).toEqual(['1/0/1', '1/0/2', '1/0/3']);
  });

  it('lists those that the reward failed on, and leaves them out elsewhere', () => {
    expect(places('failed')).toEqual(['2/0/2']);
    expect(places('lowest')).not.toContain('2/0/2');
  });

  it('lists those that repeat their trace and are no success', () => {
    const [first, second] = [storedGroup(3, 0, [0, 1]), storedGroup(3, 1, [0, 0])];
    const repeating = { ...first!, group: { ...first!.group, demonstrations: [` ${first!.completions[0]!.text}`] } };
    const ranked = rankSamples([repeating, second!], 'solved', 'unrewardedTrace');
    expect(ranked.map(({ completion }) => `${completion.group}/${completion.index}`)).toEqual(['0/0']);
    const completions = repeating.completions.map((completion) => ({ ...completion, success: true }));
    expect(rankSamples([{ ...repeating, completions }], 'solved', 'unrewardedTrace')).toEqual([]);
  });

  it('lists those that differ from the rest of their group, farthest first', () => {
    expect(places('disagreeing')).toEqual(['1/0/0', '2/1/3']);
  });

  it('lists all of a step in order', () => {
    expect(places('newest', 5)).toEqual(['2/0/0', '2/0/1', '2/0/2', '2/0/3', '2/1/0']);
  });
});
