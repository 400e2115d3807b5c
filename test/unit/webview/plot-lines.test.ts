// Lines of the charts: which rewards, in which order; held-out values with intervals.
import { expect, test } from 'vitest';
import { RunColumns } from '../../../backend/protocol/run-series';
import { rewardLines } from '../../../webview/charts/chart-kinds';
import { heldOutLines, plotLines } from '../../../webview/charts/plot-lines';

test('the weighted sum first, then correctness, then shaping', () => {
  const columns = ['reward', 'rewards/format/mean', 'rewards/answer/mean', 'rewards/answer/std'];
  const lines = rewardLines(columns, [
    { name: 'answer', role: 'correctness' },
    { name: 'format', role: 'shaping' },
  ]);
  expect(lines.map(({ label, column }) => [label, column])).toEqual([
    ['weighted sum', 'reward'],
    ['answer (correctness)', 'rewards/answer/mean'],
    ['format', 'rewards/format/mean'],
  ]);
});

test('a single correctness component is the reward', () => {
  const lines = rewardLines(['reward', 'rewards/answer/mean'], [{ name: 'answer', role: 'correctness' }]);
  expect(lines.map(({ label }) => label)).toEqual(['answer (correctness)']);
});

test('a metric that a run does not have gives no line; decimated ones have their extremes', () => {
  const columns = new RunColumns();
  for (let step = 1; step <= 4; step++) columns.setStep(step, { loss: step });
  const lines = [
    { label: 'loss', column: 'loss', colour: 'text' },
    { label: 'kl', column: 'kl', colour: 'text' },
  ] as const;
  expect(plotLines(columns.series(1, 4, 2), lines, { smooth: true })).toEqual([
    { label: 'loss', colour: 'text', values: [1.5, 3.5], low: [1, 3], high: [2, 4] },
  ]);
});

test('smoothing keeps what was measured behind it', () => {
  const columns = new RunColumns();
  for (let step = 1; step <= 200; step++) columns.setStep(step, { loss: step % 2 });
  const [line] = plotLines(columns.series(1, 200, 1), [{ label: 'loss', column: 'loss', colour: 'text' }], {
    smooth: true,
  });
  expect(line?.faint?.slice(0, 3)).toEqual([1, 0, 1]);
  expect(Math.abs((line?.values.at(-1) ?? 0) - 0.5)).toBeLessThan(0.2);
});

test('pass@k in order of k, greedy last, with intervals; what is not finite is a gap', () => {
  const lines = heldOutLines([
    {
      ...{ step: 0, prompts: 8, samples: 8, usedTokens: 0, elapsedMs: 0 },
      values: { 'eval/greedy': 0.5, 'eval/pass@8': 1, 'eval/pass@1': null, 'eval/invalid_frac': 0 },
      intervals: { 'eval/pass@8': [0.9, 1] },
    },
  ]);
  expect(lines.map(({ label, values, low, high }) => [label, values[0], low?.[0], high?.[0]])).toEqual([
    ['pass@1', null, null, null],
    ['pass@8', 1, 0.9, 1],
    ['greedy', 0.5, null, null],
  ]);
});
