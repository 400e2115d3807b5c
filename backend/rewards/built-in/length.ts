// Soft overlong punishment of DAPO (arXiv 2503.14476, equation 13): 0 up to maxTokens − cacheTokens, then
// falling linearly to −1 at maxTokens, −1 beyond. Length is in tokens, the ending included.
import { z } from 'zod';
import type { BuiltInReward } from './built-in-reward';

const optionsSchema = z
  .strictObject({
    maxTokens: z.int().positive().describe('L_max: from here on the reward is −1.'),
    cacheTokens: z.int().positive().describe('L_cache: over how many tokens it falls from 0 to −1.'),
  })
  .refine((options) => options.cacheTokens <= options.maxTokens, {
    message: 'cacheTokens must not be greater than maxTokens.',
    path: ['cacheTokens'],
  });

/** Reward in [−1, 0] of a completion of that many tokens. */
export function softOverlong(tokens: number, maxTokens: number, cacheTokens: number): number {
  const over = tokens - (maxTokens - cacheTokens);
  return over <= 0 ? 0 : Math.max(-1, -over / cacheTokens);
}

export const length: BuiltInReward<z.output<typeof optionsSchema>> = {
  options: optionsSchema,
  score: (sample, { maxTokens, cacheTokens }) => ({
    value: softOverlong(sample.tokenIds.length, maxTokens, cacheTokens),
  }),
};
