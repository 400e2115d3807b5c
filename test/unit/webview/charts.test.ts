// What charts and strip are made from: gaps, smoothing, the switch in words.
import { describe, expect, test } from 'vitest';
import { RunColumns } from '../../../backend/protocol/run-series';
import { bucketOf, gapsAsNull, smoothed, stepsOf } from '../../../webview/charts/buckets';
import { stepTexts } from '../../../webview/charts/plot';
import {
  bucketInWords,
  decisionsText,
  reasonsOf,
  solvedText,
  switchShares,
} from '../../../webview/charts/switch-words';

function run(): RunColumns {
  const columns = new RunColumns();
  for (let step = 1; step <= 3; step++) {
    columns.setStep(step, {
      'switch/pg_frac': 0.5,
      'switch/sft_frac': 0.375,
      'switch/mix_frac': 0,
      'switch/skip_frac': 0.125,
      'switch/no_signal_frac': 0.25,
      'switch/masked_by_shaping': 2,
      'groups/solved_none': 4,
      'groups/solved_some': 2,
      'groups/solved_all': 2,
    });
    for (const successes of [1, 3, 7, 2])
      columns.addReason(step, 'pg', `${successes} of 8 completions succeed: policy gradient.`);
    for (let i = 0; i < 3; i++)
      columns.addReason(step, 'sft', '0 of 8 completions succeed: learn from the demonstration.');
    columns.addReason(step, 'skip', '0 of 8 completions succeed: no demonstration, skipped.');
  }
  return columns;
}

describe('buckets', () => {
  test('the last bucket ends with the run', () => {
    const series = run().series(1, 3, 2);
    expect(stepsOf(series, 0)).toEqual([1, 2]);
    expect(stepsOf(series, 1)).toEqual([3, 3]);
    expect(bucketOf(series, 3)).toBe(1);
    expect(bucketOf(series, 5)).toBeUndefined();
  });

  test('what is not finite is a gap', () => {
    expect(gapsAsNull(Float64Array.of(1, Number.NaN, Number.POSITIVE_INFINITY), 4)).toEqual([1, null, null, null]);
  });

  test('smoothing starts at the first value, keeps a flat line and leaves gaps', () => {
    const flat = smoothed([3, null, ...Array.from({ length: 500 }, () => 3)]);
    expect(flat[0]).toBeCloseTo(3);
    expect(flat[1]).toBeNull();
    expect(flat.at(-1)).toBeCloseTo(3);
  });
});

describe('the switch in words', () => {
  const series = run().series(1, 3, 1);
  const shares = switchShares(series, 0);

  test('shares', () => {
    expect(shares).toMatchObject({
      pg: 0.5,
      pgIdle: 0.25,
      sft: 0.375,
      skip: 0.125,
      masked: 0.25,
      solved: { none: 0.5, some: 0.25, all: 0.25 },
    });
    expect(shares && decisionsText(shares)).toBe(
      '50 % policy gradient (25 % without signal), 38 % traces, 13 % skipped',
    );
    expect(shares && solvedText(shares)).toBe(
      'Of the groups 50 % were not solved, 25 % in part, 25 % wholly. In 25 % of groups a shaping reward would have hidden the failure.',
    );
  });

  test('nothing decided gives no shares', () => {
    const empty = new RunColumns();
    empty.setStep(1, { reward: 1 });
    expect(switchShares(empty.series(1, 1, 1), 0)).toBeUndefined();
  });

  test('reasons that differ in a number alone are one', () => {
    expect(reasonsOf(series, 0)).toEqual([
      { kind: 'pg', groups: 4, text: '1–7 of 8 completions succeed: policy gradient.' },
      { kind: 'sft', groups: 3, text: '0 of 8 completions succeed: learn from the demonstration.' },
      { kind: 'skip', groups: 1, text: '0 of 8 completions succeed: no demonstration, skipped.' },
    ]);
  });

  test('for screen readers', () => {
    expect(bucketInWords(run().series(1, 3, 2), 0)).toBe(
      'Steps 1–2: 50 % policy gradient (25 % without signal), 38 % traces, 13 % skipped. ' +
        'Of the groups 50 % were not solved, 25 % in part, 25 % wholly. In 25 % of groups a shaping reward would have hidden the failure. ' +
        '8 groups: 1–7 of 8 completions succeed: policy gradient. 6 groups: 0 of 8 completions succeed: learn from the demonstration. ' +
        '2 groups: 0 of 8 completions succeed: no demonstration, skipped.',
    );
  });
});

test('steps along an axis are short from 10,000 on', () => {
  expect(stepTexts([0, 500, 1000])).toEqual(['0', '500', '1,000']);
  expect(stepTexts([0, 5000, 10_000, 12_500])).toEqual(['0', '5K', '10K', '12.5K']);
  expect(stepTexts([19_998, 20_000])).toEqual(['19,998', '20,000']);
});
