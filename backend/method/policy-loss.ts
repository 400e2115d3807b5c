// The token losses in float64, from log-probabilities alone (METHOD.md, "Losses"; names and rules as TRL 1.16's
// GRPO trainer): the reference that engines are tested against, and the source of the step's metrics.
import type { PlannedRow } from './hybrid-actor';
import type { LossForm } from './loss-form';

/** A row of the step with what the training graph saw of it; all arrays are [completion tokens]. */
export interface SeenRow extends Pick<PlannedRow, 'pgWeight' | 'sftWeight' | 'entropyWeight' | 'advantage'> {
  readonly logProbs: ArrayLike<number>;
  readonly entropies: ArrayLike<number>;
  /** Absent: on-policy, ρ = 1. */
  readonly oldLogProbs?: ArrayLike<number> | undefined;
  /** Needed when the form has a KL coefficient. */
  readonly refLogProbs?: ArrayLike<number> | undefined;
}

/** Of each completion token of a row. */
export interface TokenLosses {
  /** ℓ, KL penalty included. */
  readonly losses: Float64Array;
  /** ρ; with ratio sequence the same number for all tokens. */
  readonly ratios: Float64Array;
  /** The KL estimate that β multiplies; zeros without a reference. */
  readonly kl: Float64Array;
}

/** ℓ of each completion token of a row. @throws RangeError when the form has a KL term and the row no reference. */
export function tokenLosses(form: LossForm, row: SeenRow): TokenLosses {
  const { logProbs, refLogProbs, advantage } = row;
  if (form.klCoefficient > 0 && !refLogProbs)
    throw new RangeError('A KL coefficient needs reference log-probabilities.');
  const ratios = ratiosOf(form, row);
  const kl = new Float64Array(logProbs.length);
  const losses = ratios.map((ratio, t) => {
    const logProb = at(logProbs, t);
    if (refLogProbs) {
      const logR = at(refLogProbs, t) - logProb;
      kl[t] = (form.klBiasCorrection ? ratio : 1) * (Math.expm1(logR) - logR);
    }
    return policyLoss(form, ratio, logProb, advantage) + form.klCoefficient * at(kl, t);
  });
  return { losses, ratios, kl };
}

function policyLoss(form: LossForm, ratio: number, logProb: number, advantage: number): number {
  switch (form.type) {
    case 'reinforce':
      return -advantage * logProb;
    case 'cispo':
      return -Math.min(ratio, form.ratioMax) * advantage * logProb;
    default: {
      const clipped = Math.min(Math.max(ratio, 1 - form.clipLow), 1 + form.clipHigh);
      return -Math.min(ratio * advantage, clipped * advantage);
    }
  }
}

/** ρ of each token: exp(log π − log π_old), or the geometric mean over the sequence (GSPO, arXiv 2507.18071). */
function ratiosOf(form: LossForm, { logProbs, oldLogProbs }: SeenRow): Float64Array {
  const tokens = logProbs.length;
  if (!oldLogProbs) return new Float64Array(tokens).fill(1);
  const logRatios = Float64Array.from({ length: tokens }, (_, t) => at(logProbs, t) - at(oldLogProbs, t));
  if (form.ratio === 'token') return logRatios.map(Math.exp);
  const mean = logRatios.reduce((total, value) => total + value, 0) / tokens;
  return new Float64Array(tokens).fill(Math.exp(mean));
}

/** Parts of the step's loss; total = pg + sft − entropy bonus. */
export interface StepLoss {
  readonly total: number;
  /** Σ pgWeight·ℓ, KL penalty included. */
  readonly pg: number;
  /** Σ −sftWeight·log π. */
  readonly sft: number;
  /** Σ entropyWeight·H. */
  readonly entropyBonus: number;
}

/** The loss of the optimiser step, or of a micro-batch of it. */
export function stepLoss(form: LossForm, rows: readonly SeenRow[]): StepLoss {
  let pg = 0;
  let sft = 0;
  let entropyBonus = 0;
  for (const row of rows) {
    if (row.pgWeight !== 0) pg += row.pgWeight * sumOf(tokenLosses(form, row).losses);
    if (row.sftWeight !== 0) sft -= row.sftWeight * sumOf(row.logProbs);
    if (row.entropyWeight !== 0) entropyBonus += row.entropyWeight * sumOf(row.entropies);
  }
  return { total: pg + sft - entropyBonus, pg, sft, entropyBonus };
}

/** Metrics of the update over all completions trained by policy gradient, by TRL's names. */
export interface PolicyMetrics {
  /** Token mean; NaN without a reference. */
  readonly kl: number;
  /** Shares of tokens, or of sequences with ratio sequence; NaN for none. */
  readonly 'clip_ratio/low_mean': number;
  readonly 'clip_ratio/high_mean': number;
  readonly 'clip_ratio/region_mean': number;
}

/**
 * @param dropped lengths in tokens of completions left out for a zero gradient (advantage 0, on-policy): nothing of
 *   them is clipped, and they count in the shares
 */
export function policyMetrics(
  form: LossForm,
  rows: readonly SeenRow[],
  dropped: readonly number[] = [],
): PolicyMetrics {
  const bySequence = form.ratio === 'sequence';
  const unclipped = bySequence ? dropped.length : dropped.reduce((total, tokens) => total + tokens, 0);
  const ratios: Clipping[] = [];
  const kl: ArrayLike<number>[] = [];
  for (const row of rows) {
    if (row.pgWeight === 0) continue;
    const token = tokenLosses(form, row);
    if (row.refLogProbs) kl.push(token.kl);
    const clipping = Array.from(token.ratios, (ratio) => clippingOf(form, ratio, row.advantage));
    ratios.push(...(bySequence ? clipping.slice(0, 1) : clipping));
  }
  const share = (which: Clipping) =>
    ratios.filter((clipping) => clipping === which).length / (ratios.length + unclipped);
  const low = share('low');
  const high = share('high');
  return {
    kl: tokenMean(kl),
    'clip_ratio/low_mean': low,
    'clip_ratio/high_mean': high,
    'clip_ratio/region_mean': low + high,
  };
}

type Clipping = 'low' | 'high' | 'none';

function clippingOf(form: LossForm, ratio: number, advantage: number): Clipping {
  if (form.type === 'reinforce') return 'none';
  if (form.type === 'cispo') return ratio > form.ratioMax && advantage > 0 ? 'high' : 'none';
  if (ratio < 1 - form.clipLow && advantage < 0) return 'low';
  return ratio > 1 + form.clipHigh && advantage > 0 ? 'high' : 'none';
}

/** Mean over all tokens of several rows, for entropy and sft/nll; NaN for none. */
export function tokenMean(rows: readonly ArrayLike<number>[]): number {
  const tokens = rows.reduce((total, row) => total + row.length, 0);
  return rows.reduce((total, row) => total + sumOf(row), 0) / tokens;
}

function sumOf(values: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < values.length; index++) total += at(values, index);
  return total;
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`No value at token ${index} of ${values.length}.`);
  return value;
}
