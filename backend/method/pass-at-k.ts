// pass@k by the unbiased estimator of Chen et al., "Evaluating large language models trained on code"
// (arXiv 2107.03374, equation 1): 1 − C(n−c, k) / C(n, k).

/**
 * Probability that k samples drawn without replacement out of n, of which c succeed, hold a success.
 * @throws RangeError unless 1 ≤ k ≤ n and 0 ≤ c ≤ n
 */
export function passAtK(n: number, c: number, k: number): number {
  if (!(k >= 1 && k <= n && c >= 0 && c <= n)) throw new RangeError(`pass@${k} of ${n} samples with ${c} successes.`);
  if (n - c < k) return 1;
  let allFail = 1;
  for (let i = n - c + 1; i <= n; i++) allFail *= 1 - k / i;
  return 1 - allFail;
}
