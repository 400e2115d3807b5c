// Chooses a token from one row of logits in float64: greedily, or by the inverse of the cumulative distribution
// over all tokens or over the nucleus of top-p (arXiv 1904.09751). Slow and plain: what decoding graphs are held to.
import type { SamplingSettings } from '../decoding/sampling';

export interface SampledToken {
  readonly tokenId: number;
  /** Under softmax(logits / temperature) over the full vocabulary, nats. */
  readonly logProb: number;
  /** Of the same distribution, nats. */
  readonly entropy: number;
}

/** Chooses from logits [vocabulary] in float64; `uniform` in [0, 1) decides unless greedy. */
export function sampleToken(logits: Float32Array, settings: SamplingSettings, uniform: number): SampledToken {
  const scaled = Array.from(logits, (logit) => logit / (settings.greedy ? 1 : settings.temperature));
  const largest = scaled.reduce((max, logit) => Math.max(max, logit), Number.NEGATIVE_INFINITY);
  const logSum = largest + Math.log(scaled.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
  const logProbs = scaled.map((logit) => logit - logSum);
  const probabilities = logProbs.map(Math.exp);
  const tokenId = settings.greedy
    ? scaled.indexOf(largest)
    : settings.topP < 1
      ? pickNucleus(probabilities, settings.topP, uniform)
      : pick(probabilities, uniform);
  const entropy = -probabilities.reduce((sum, p, id) => (p > 0 ? sum + p * (logProbs[id] ?? 0) : sum), 0);
  return { tokenId, logProb: logProbs[tokenId] ?? Number.NaN, entropy };
}

/** The first index at which the running sum exceeds uniform · total. */
function pick(probabilities: readonly number[], uniform: number): number {
  const target = uniform * probabilities.reduce((sum, p) => sum + p, 0);
  let sum = 0;
  let last = 0; // a probability above 0, should rounding leave the target unreached
  for (const [index, p] of probabilities.entries()) {
    sum += p;
    if (p > 0) last = index;
    if (sum > target) return index;
  }
  return last;
}

/** The most probable tokens, each kept while the mass before it is below topP. */
function pickNucleus(probabilities: readonly number[], topP: number, uniform: number): number {
  const order = probabilities.map((p, id) => ({ p, id })).sort((a, b) => b.p - a.p || a.id - b.id);
  const kept: typeof order = [];
  let mass = 0;
  for (const entry of order) {
    if (mass >= topP) break;
    kept.push(entry);
    mass += entry.p;
  }
  const index = pick(
    kept.map(({ p }) => p),
    uniform,
  );
  return kept[index]?.id ?? 0;
}
