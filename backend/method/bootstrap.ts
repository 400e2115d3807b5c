// Percentile bootstrap of a mean over prompts (Efron & Tibshirani 1993, chapter 13), seeded.
import { uniformStream } from './random';

const RESAMPLES = 2000;

/** 95 % interval of the mean of `values`, one a prompt. @throws RangeError for no values. */
export function bootstrapInterval(values: readonly number[], seed: number): [number, number] {
  const { length } = values;
  if (length === 0) throw new RangeError('An interval needs at least one value.');
  const uniform = uniformStream(seed, 'bootstrap', length);
  const means = new Float64Array(RESAMPLES);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    let sum = 0;
    for (let draw = 0; draw < length; draw++) {
      sum += values[Math.floor(uniform(resample * length + draw) * length)] ?? 0;
    }
    means[resample] = sum / length;
  }
  means.sort();
  return [quantile(means, 0.025), quantile(means, 0.975)];
}

/** Linear interpolation between order statistics. */
function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (position - Math.floor(position)) * (above - below);
}
