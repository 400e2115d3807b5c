// What the lenses and problems of a reward function say, from stored groups.
import { describe, expect, it } from 'vitest';
import { failureSites, placeInFile, rewardStats, statsLine } from '../../../../extension/rewards/reward-stats';
import { storedGroup } from '../stored-groups';

const file = '/w/my reward+.ts';
const threw = (line: number) =>
  ({
    invalid: 'threw',
    reason: 'TypeError: nums is undefined\nsecond line',
    stack: `TypeError: nums is undefined\n    at helper (/w/other.ts:3:1)\n    at solved (${file}:${line}:9)\n    at ${file}:40:1`,
    ms: 2,
  }) as const;

describe('statistics of a reward', () => {
  it('counts mean, groups without a signal, failures and time', () => {
    const stats = rewardStats([storedGroup(3, 0, [1, 1, 1]), storedGroup(4, 0, [0, 1, threw(9)])], 'solved');
    expect(stats).toMatchObject({
      completions: 6,
      mean: 0.8,
      groups: 2,
      flatGroups: 1,
      ms: 2,
      firstStep: 3,
      lastStep: 4,
    });
    expect(statsLine(stats!)).toBe('mean 0.8 · σ=0 in 50 % of groups · 1 failure · 2 ms');
  });

  it('leaves out what it has nothing of', () => {
    expect(rewardStats([storedGroup(1, 0, [1])], 'another')).toBeUndefined();
    const failed = rewardStats([storedGroup(1, 0, [{ invalid: 'timeout', reason: 'too long' }])], 'solved');
    expect(statsLine(failed!)).toBe('1 failure');
  });

  it('gathers failures by line and reason, with the newest completion of each', () => {
    const groups = [
      storedGroup(1, 0, [threw(9), threw(9)]),
      storedGroup(5, 2, [threw(9), { invalid: 'notFinite', reason: 'It returned NaN.' }]),
    ];
    const sites = failureSites(rewardStats(groups, 'solved')!.failures, file);
    expect(sites).toMatchObject([
      {
        line: 9,
        column: 9,
        count: 3,
        reason: 'TypeError: nums is undefined',
        example: { step: 5, group: 2, index: 0 },
      },
      { line: undefined, count: 1, reason: 'It returned NaN.' },
    ]);
  });

  it('finds the innermost frame of the file, of Node and of Python', () => {
    expect(placeInFile(threw(12).stack, file)).toEqual({ line: 12, column: 9 });
    const python = `Traceback:\n  File "/w/r.py", line 3, in f\n  File "/w/r.py", line 8, in g\n  File "/usr/json.py", line 1, in loads`;
    expect(placeInFile(python, '/w/r.py')).toEqual({ line: 8, column: 1 });
    expect(placeInFile('Error: elsewhere\n    at /x.ts:1:1', file)).toBeUndefined();
  });
});
