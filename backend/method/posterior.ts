// The posterior signal of the switch: a discounted Beta distribution of each prompt's pass rate over its
// visits (METHOD.md; prior α0 = β0 = 1). Update first, then decide.
import { incompleteBeta } from './incomplete-beta';

export interface BetaCounts {
  readonly alpha: number;
  readonly beta: number;
}

const PRIOR = 1;
export const priorCounts: BetaCounts = { alpha: PRIOR, beta: PRIOR };

/** α ← λα + (1−λ)α0 + successes, and β likewise with failures. */
export function updatePosterior(counts: BetaCounts, successes: number, failures: number, discount: number): BetaCounts {
  return {
    alpha: discount * counts.alpha + (1 - discount) * PRIOR + successes,
    beta: discount * counts.beta + (1 - discount) * PRIOR + failures,
  };
}

/** P(pass rate < threshold). */
export function probabilityBelow(counts: BetaCounts, threshold: number): number {
  return incompleteBeta(threshold, counts.alpha, counts.beta);
}
