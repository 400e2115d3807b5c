// Decimation keeps every extreme of a run, and what is appended live equals what is sent whole.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  appendSeries,
  decimate,
  maxBuckets,
  RunColumns,
  stepsPerBucketFor,
} from '../../../backend/protocol/run-series';

const values = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY) },
  ),
  { minLength: 1, maxLength: 300 },
);

function columnsOf(of: readonly number[]): RunColumns {
  const columns = new RunColumns();
  of.forEach((value, index) => {
    columns.setStep(index + 1, { metric: value });
    columns.addReason(index + 1, index % 2 === 0 ? 'pg' : 'sft', `${index % 3} of 8 completions succeed`);
  });
  return columns;
}

describe('decimate', () => {
  test('keeps the lowest and the highest finite value of every bucket', () => {
    fc.assert(
      fc.property(values, fc.constantFrom(1, 2, 4, 8, 32), (of, size) => {
        const buckets = Math.ceil(of.length / size);
        const { mean, min, max } = decimate(Float64Array.from(of), 0, buckets, size);
        for (let bucket = 0; bucket < buckets; bucket++) {
          const own = of.slice(bucket * size, (bucket + 1) * size);
          if (size === 1) {
            expect(mean[bucket]).toBe(own[0]);
            continue;
          }
          const finite = own.filter(Number.isFinite);
          expect(min?.[bucket]).toBe(finite.length > 0 ? Math.min(...finite) : Number.NaN);
          expect(max?.[bucket]).toBe(finite.length > 0 ? Math.max(...finite) : Number.NaN);
          if (finite.length > 0 && Number.isFinite(mean[bucket])) {
            expect(mean[bucket]).toBeGreaterThanOrEqual(Math.min(...finite) - 1e-9 * Math.abs(Math.min(...finite)));
            expect(mean[bucket]).toBeLessThanOrEqual(Math.max(...finite) + 1e-9 * Math.abs(Math.max(...finite)));
          }
        }
      }),
    );
  });

  test('a spike of one step among 20,000 is in what is sent', () => {
    const columns = columnsOf(Array.from({ length: 20_000 }, (_, step) => (step === 13_337 ? 99 : 1)));
    const series = columns.series(1, 20_000, stepsPerBucketFor(20_000));
    expect(series.buckets).toBeLessThanOrEqual(maxBuckets);
    expect(Math.max(...(series.columns.metric?.max ?? []))).toBe(99);
  });
});

describe('stepsPerBucketFor', () => {
  test.each([
    [1, 1],
    [1000, 1],
    [1001, 2],
    [20_000, 32],
  ])('%i steps go into buckets of %i', (steps, size) => expect(stepsPerBucketFor(steps)).toBe(size));
});

describe('appendSeries', () => {
  test('appending what is new gives the same as sending all', () => {
    fc.assert(
      fc.property(values, fc.nat(300), fc.constantFrom(1, 2, 8), (of, cut, size) => {
        const sent = Math.min(Math.max(1, cut), of.length);
        const before = columnsOf(of.slice(0, sent)).series(1, sent, size);
        const all = columnsOf(of);
        const appended = appendSeries(before, all.series(sent, of.length, size));
        const whole = all.series(1, of.length, size);
        expect(appended.columns).toEqual(whole.columns);
        expect(appended.lastStep).toBe(whole.lastStep);
        const inWords = ({ reasons, why }: typeof whole) =>
          why.map((pairs) => pairs.map((value, place) => (place % 2 === 0 ? reasons[value]?.text : value)));
        expect(inWords(appended)).toEqual(inWords(whole));
      }),
    );
  });

  test('columns that appear later are gaps before', () => {
    const columns = new RunColumns();
    columns.setStep(1, { reward: 1 });
    const before = columns.series(1, 1, 1);
    columns.setStep(2, { reward: 2, kl: 0.5 });
    expect([...(appendSeries(before, columns.series(2, 2, 1)).columns.kl?.mean ?? [])]).toEqual([Number.NaN, 0.5]);
  });
});

describe('RunColumns', () => {
  test('truncate forgets later steps, with their reasons', () => {
    const columns = columnsOf([1, 2, 3, 4]);
    columns.truncate(2);
    columns.setStep(3, { other: 7 });
    const series = columns.series(1, 3, 1);
    expect([...(series.columns.metric?.mean ?? [])]).toEqual([1, 2, Number.NaN]);
    expect(series.why[2]).toEqual([]);
  });

  test('reasons are counted over a bucket, the most frequent first', () => {
    const columns = new RunColumns();
    for (let step = 1; step <= 4; step++) {
      columns.setStep(step, { reward: 0 });
      columns.addReason(step, 'sft', 'none succeeds');
      if (step > 1) columns.addReason(step, 'pg', 'one succeeds');
    }
    const { reasons, why } = columns.series(1, 4, 4);
    expect(reasons.map(({ text }) => text)).toEqual(['none succeeds', 'one succeeds']);
    expect(why).toEqual([[0, 4, 1, 3]]);
  });
});
