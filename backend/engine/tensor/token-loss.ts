// The losses of METHOD.md for each completion token, with every denominator already in the rows' weights:
//   pgWeight·ℓ − sftWeight·log π − entropyWeight·H
// ℓ: grpo, bnpo, dapo, dr_grpo, gspo (clipped ratio), cispo (arXiv 2506.13585), reinforce; each plus β·KL.
import type { LossForm } from '../engine';
import { stopGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/** Per completion token, [tokens]; padding tokens carry zero weights. */
export interface LossInputs {
  readonly pgWeight: Tensor;
  readonly sftWeight: Tensor;
  readonly entropyWeight: Tensor;
  readonly advantage: Tensor;
  /** log π_old where `oldGiven` is 1; elsewhere old is the log-probability itself, without a gradient. */
  readonly oldLogProb: Tensor;
  readonly oldGiven: Tensor;
  /** log π_ref where `refGiven` is 1. */
  readonly refLogProb: Tensor;
  readonly refGiven: Tensor;
  /** [rows, tokens]: 1 / |y| at the tokens of a row's completion; zero elsewhere. */
  readonly sequenceMean: Tensor;
  /** [tokens, rows]: 1 at the row that a token belongs to. */
  readonly sequenceOf: Tensor;
}

/** What of a form changes the graph: one traced graph serves all steps of the same variant. */
export interface LossVariant {
  readonly form: LossForm;
  /** Whether some row has an entropy weight. */
  readonly entropy: boolean;
}

/** Equal for variants that share a graph. */
export function lossVariantKey({ form, entropy }: LossVariant): string {
  const { type, ratio, clipLow, clipHigh, ratioMax, klCoefficient, klBiasCorrection } = form;
  return [type, ratio, clipLow, clipHigh, ratioMax, klCoefficient, klBiasCorrection, entropy].join(':');
}

/** `given` where the flag is 1, else the log-probability as a constant. */
function givenOr(given: Tensor, flag: Tensor, constant: Tensor): Tensor {
  return tf.add(tf.mul(given, flag), tf.mul(constant, tf.sub(1, flag)));
}

/** @returns each token's share of the step's loss, [tokens] */
export function tokenLosses(variant: LossVariant, logProb: Tensor, entropy: Tensor, inputs: LossInputs): Tensor {
  const { form } = variant;
  const constant = stopGradient(logProb);
  const old = givenOr(inputs.oldLogProb, inputs.oldGiven, constant);
  const ratio = importanceRatio(form, tf.sub(logProb, old), inputs);
  let policy = policyLoss(form, ratio, logProb, inputs.advantage);
  if (form.klCoefficient > 0) {
    const logRefRatio = tf.sub(givenOr(inputs.refLogProb, inputs.refGiven, constant), logProb); // log r
    const k3 = tf.sub(tf.sub(tf.exp(logRefRatio), logRefRatio), 1);
    const kl = form.klBiasCorrection ? tf.mul(ratio, k3) : k3;
    policy = tf.add(policy, tf.mul(kl, form.klCoefficient));
  }
  const loss = tf.sub(tf.mul(policy, inputs.pgWeight), tf.mul(logProb, inputs.sftWeight));
  return variant.entropy ? tf.sub(loss, tf.mul(entropy, inputs.entropyWeight)) : loss;
}

/** ρ of each token; with `sequence` the geometric mean over its completion (gspo, arXiv 2507.18071). */
function importanceRatio(form: LossForm, logRatio: Tensor, inputs: LossInputs): Tensor {
  if (form.ratio === 'token') return tf.exp(logRatio);
  const tokens = logRatio.size;
  const bySequence = tf.matMul(inputs.sequenceMean, tf.reshape(logRatio, [tokens, 1])); // [rows, 1]
  return tf.reshape(tf.matMul(inputs.sequenceOf, tf.exp(bySequence)), [tokens]);
}

function policyLoss(form: LossForm, ratio: Tensor, logProb: Tensor, advantage: Tensor): Tensor {
  switch (form.type) {
    case 'reinforce':
      return tf.neg(tf.mul(logProb, advantage));
    case 'cispo':
      return tf.neg(tf.mul(tf.mul(stopGradient(tf.minimum(ratio, form.ratioMax)), advantage), logProb));
    default: {
      const clipped = tf.maximum(tf.minimum(ratio, 1 + form.clipHigh), 1 - form.clipLow);
      return tf.neg(tf.minimum(tf.mul(ratio, advantage), tf.mul(clipped, advantage)));
    }
  }
}
