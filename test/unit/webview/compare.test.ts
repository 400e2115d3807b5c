// Several runs on one axis, and how their configurations differ.
import { expect, test } from 'vitest';
import { elapsedMsColumn, RunColumns, usedTokensColumn } from '../../../backend/protocol/run-series';
import { bucketEnds, joinCurves } from '../../../webview/compare/axes';
import { differences } from '../../../webview/compare/differences';
import { flatten } from '../../../webview/details/flatten';

test('buckets end where their last step does, on every axis', () => {
  const columns = new RunColumns();
  for (let step = 1; step <= 5; step++)
    columns.setStep(step, { [usedTokensColumn]: step * 100, [elapsedMsColumn]: step * 30_000 });
  const series = columns.series(1, 5, 2);
  expect(bucketEnds(series, 'steps')).toEqual([2, 4, 5]);
  expect(bucketEnds(series, 'tokens')).toEqual([200, 400, 500]);
  expect(bucketEnds(series, 'minutes')).toEqual([1, 2, 2.5]);
});

test('curves are joined on one x', () => {
  const joined = joinCurves([
    { x: [1, 3], y: [10, 30] },
    { x: [2, 3, Number.NaN], y: [5, null, 7] },
  ]);
  expect(joined).toEqual({
    x: [1, 2, 3],
    values: [
      [10, null, 30],
      [null, 5, null],
    ],
  });
});

test('settings that differ, by path; what one run lacks is said to be not set', () => {
  const same = { seed: 1, rewards: [{ name: 'a', weight: 1 }] };
  expect(
    differences([
      { ...same, method: 'rl' },
      { ...same, method: 'superrl', traces: { path: 't' } },
    ]),
  ).toEqual([
    { path: 'method', values: ['rl', 'superrl'] },
    { path: 'traces.path', values: ['not set', 't'] },
  ]);
  expect(differences([same, { ...same }])).toEqual([]);
  expect([...flatten(same).keys()]).toEqual(['seed', 'rewards[0].name', 'rewards[0].weight']);
});
