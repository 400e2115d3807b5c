// The exact (Clopper–Pearson) upper confidence bound of a binomial share (Clopper & Pearson 1934).
import { inverseIncompleteBeta } from './incomplete-beta';

/**
 * One-sided upper bound of the success probability after `successes` of `trials`.
 * @param confidence for example 0.95
 */
export function clopperPearsonUpper(successes: number, trials: number, confidence: number): number {
  if (successes >= trials) return 1;
  if (successes === 0) return 1 - (1 - confidence) ** (1 / trials);
  return inverseIncompleteBeta(confidence, successes + 1, trials - successes);
}
