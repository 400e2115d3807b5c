// From buckets of a series to what a chart needs: places on the step axis, gaps as null, and smoothed lines.
import type { RunSeries } from '../../backend/protocol/run-series';

export type Values = (number | null)[];

/** First and last step of a bucket that exists. */
export function stepsOf(series: RunSeries, bucket: number): readonly [number, number] {
  const first = (series.firstBucket + bucket) * series.stepsPerBucket + 1;
  return [first, Math.min(first + series.stepsPerBucket - 1, series.lastStep)];
}

/** Middle of each bucket on the step axis. */
export function bucketMiddles(series: RunSeries): number[] {
  return Array.from({ length: series.buckets }, (_, bucket) => {
    const [first, last] = stepsOf(series, bucket);
    return (first + last) / 2;
  });
}

/** The bucket that holds the step; undefined outside. */
export function bucketOf(series: RunSeries, step: number): number | undefined {
  const bucket = Math.floor((step - 1) / series.stepsPerBucket) - series.firstBucket;
  return bucket >= 0 && bucket < series.buckets ? bucket : undefined;
}

export function gapsAsNull(values: Float64Array | undefined, length: number): Values {
  return Array.from({ length }, (_, i) => {
    const value = values?.[i];
    return value === undefined || !Number.isFinite(value) ? null : value;
  });
}

/**
 * Exponential moving average over about 1/50 of the places, over gaps, corrected at the start as Adam's moments are,
 * so that the first values aren't pulled to zero.
 */
export function smoothed(values: Values): Values {
  const keep = 1 - 1 / Math.max(1, values.length / 50);
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/** Fewer places than this are drawn as they are. */
export const smoothFrom = 100;
