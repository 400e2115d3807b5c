// Repetition penalty (arXiv 2502.03373, as in open-r1): the share of n-grams that occurred before, times a
// penalty. 0 for a text without repeats or shorter than n.
import { z } from 'zod';
import type { BuiltInReward } from './built-in-reward';

const optionsSchema = z.strictObject({
  n: z.int().min(1).default(3).describe('Length of the n-grams.'),
  unit: z.enum(['words', 'tokens']).default('words').describe('What n-grams consist of.'),
  maxPenalty: z.number().max(0).default(-1).describe('Reward when (nearly) every n-gram repeats an earlier one.'),
});

/** Share in [0, 1) of n-grams that repeat an earlier one. */
export function repeatedShare(units: readonly (string | number)[], n: number): number {
  const total = units.length - n + 1;
  if (total <= 0) return 0;
  const seen = new Set<string>();
  for (let at = 0; at < total; at++) seen.add(units.slice(at, at + n).join('\u0000'));
  return 1 - seen.size / total;
}

export const repetition: BuiltInReward<z.output<typeof optionsSchema>> = {
  options: optionsSchema,
  score(sample, { n, unit, maxPenalty }) {
    const words = sample.completion.toLowerCase().split(/\s+/).filter(Boolean);
    const share = repeatedShare(unit === 'words' ? words : sample.tokenIds, n);
    return { value: share === 0 ? 0 : share * maxPenalty };
  },
};
