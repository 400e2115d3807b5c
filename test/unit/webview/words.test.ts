// Numbers, states and situations as people read them.
import { describe, expect, test } from 'vitest';
import type { DashboardHeader } from '../../../backend/protocol/dashboard';
import { keptCheckpoints } from '../../../webview/details/kept-checkpoints';
import { progressTexts } from '../../../webview/header/progress-text';
import { controlsOf } from '../../../webview/header/run-state';
import { situationOf } from '../../../webview/header/situation';
import { bytesText, durationText, numberText, plural, shareText } from '../../../webview/ui/number-text';

const header: DashboardHeader = {
  ...{
    run: '/runs/a',
    name: 'a',
    method: 'superrl',
    state: 'running',
    live: true,
    resumable: true,
    engine: 'onnx',
    step: 1200,
  },
  ...{
    budget: { steps: 2000 },
    progress: 0.6,
    usedTokens: 1_250_000,
    elapsedMs: 3_725_000,
    remainingMs: 120_000,
    epoch: 1.5,
  },
  ...{ connection: { state: 'connected' }, loading: false },
};

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.25, '0.25'],
    [-0.5, '−0.5'],
    [1.0000001, '1'],
    [12.345, '12.35'],
    [1234.5, '1,235'],
    [0.00001, '1.00e−5'],
    [Number.NaN, '—'],
    [null, '—'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ])('%s', (value, text) => expect(numberText(value)).toBe(text));

  test('a share that is nearly all is not called all', () => {
    expect([0, 0.001, 0.5, 0.999, 1, Number.NaN].map(shareText)).toEqual([
      '0 %',
      '<1 %',
      '50 %',
      '>99 %',
      '100 %',
      '—',
    ]);
  });

  test('durations and sizes', () => {
    expect([400, 12_000, 60_000, 200_000, 3_840_000, 100_000_000].map(durationText)).toEqual([
      '0 s',
      '12 s',
      '1 min',
      '3 min 20 s',
      '1 h 4 min',
      '1 d 3 h',
    ]);
    expect([12, 1500, 270e6].map(bytesText)).toEqual(['12 B', '1.5 kB', '270.0 MB']);
    expect([plural(1, 'group'), plural(1200, 'group')]).toEqual(['1 group', '1,200 groups']);
  });
});

test('progress in words', () => {
  expect(progressTexts(header)).toEqual([
    'step 1,200 of 2,000',
    'epoch 1.50',
    '1.3M tokens',
    '1 h 2 min',
    '60 % of the budget',
    '2 min left',
  ]);
  expect(progressTexts({ ...header, live: false, state: 'interrupted' })).not.toContain('2 min left');
});

describe('controls', () => {
  const of = (state: DashboardHeader['state'], live: boolean, resumable: boolean) => [
    ...controlsOf({ state, live, resumable }),
  ];
  test('by state', () => {
    expect(of('running', true, true)).toEqual(['pause', 'stop', 'checkpoint']);
    expect(of('paused', true, true)).toEqual(['resume', 'stop', 'checkpoint']);
    expect(of('stopping', true, true)).toEqual([]);
    expect(of('interrupted', false, true)).toEqual(['resume']);
    expect(of('interrupted', false, false)).toEqual([]);
    expect(of('finished', false, true)).toEqual([]);
  });
});

describe('before the first step', () => {
  test('says what happens', () => {
    expect(situationOf(undefined, false)?.title).toBe('Opening the run…');
    expect(situationOf({ ...header, loading: true }, false)?.title).toBe('Reading the run…');
    const activity = { phase: 'generate', message: 'Sampling completions', sinceMs: 1 };
    expect(situationOf({ ...header, activity }, false)).toMatchObject({
      title: 'Sampling completions…',
      busy: true,
      phase: 'generate',
    });
    expect(situationOf({ ...header, state: 'failed', live: false, reason: 'Out of memory.' }, false)).toMatchObject({
      detail: 'Out of memory.',
      busy: false,
    });
    expect(situationOf({ ...header, state: 'queued', reason: 'Behind run b.' }, false)?.detail).toBe('Behind run b.');
    expect(situationOf({ ...header, connection: { state: 'lost' } }, false)?.title).toBe(
      'No connection to the backend',
    );
    expect(situationOf(header, true)).toBeUndefined();
  });
});

test('checkpoints that are still there: the newest of those kept, and the last that was best', () => {
  const told = [10, 20, 30, 40].map((step) => ({ step, ts: step, path: `step-${step}`, best: step <= 20, bytes: 1 }));
  expect(keptCheckpoints(told, 1).map(({ step, best }) => [step, best])).toEqual([
    [40, false],
    [20, true],
  ]);
  expect(keptCheckpoints([...told, { ...told[3]!, best: true }], 2).map(({ step, best }) => [step, best])).toEqual([
    [40, true],
    [30, false],
  ]);
});
