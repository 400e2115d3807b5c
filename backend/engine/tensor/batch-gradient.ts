// From a packed micro-batch to its scores, its loss and its gradients. The same code runs eagerly on a tfjs backend
// and, once for each shape and loss variant, under the tracing backend.
import type { ModelConfig } from '../../model/model-config';
import type { BatchShape } from '../packing';
import type { PlaceInputs } from './batch-attention';
import { type DecoderWeights, headName, hiddenStates, weight } from './decoder-model';
import { freeDuringBackward } from './lean-backward';
import { chunkTokensFor, logProbAndEntropy } from './log-prob';
import { type Tensor, tf } from './tfjs';
import { type LossInputs, type LossVariant, tokenLosses } from './token-loss';

/** The tensors of a batch that scoring needs. */
export interface ScoreInputs extends PlaceInputs {
  /** int32 [tokens] */
  readonly tokenIds: Tensor;
  /** int32 [scored]: the token whose hidden state predicts each scored token. */
  readonly positions: Tensor;
  /** int32 [tokens]: the inverse of `positions`. */
  readonly inverse: Tensor;
  /** int32 [scored] */
  readonly targets: Tensor;
  /** [scored, 1] */
  readonly inverseTemperature: Tensor;
}

/** A gradient of an embedding that is given by the rows it touches: row i belongs to id i of `ids`. */
export interface RowGradient {
  readonly name: string;
  readonly ids: 'tokenIds' | 'targets';
  readonly gradient: Tensor;
}

export interface BatchGradient {
  /** [scored] */
  readonly losses: Tensor;
  /** [scored, 2] */
  readonly scores: Tensor;
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** To be added to the gradients of the same names. */
  readonly rowGradients: readonly RowGradient[];
}

interface Lookups {
  readonly embedded: Tensor;
  readonly targetRows: Tensor;
}

function lookUp(config: ModelConfig, weights: DecoderWeights, inputs: ScoreInputs): Lookups {
  return {
    embedded: tf.gather(weight(weights, 'model.embed_tokens.weight'), inputs.tokenIds), // [tokens, hidden]
    targetRows: tf.gather(weight(weights, headName(config)), inputs.targets), // [scored, hidden]
  };
}

function score(
  config: ModelConfig,
  weights: DecoderWeights,
  inputs: ScoreInputs,
  shape: BatchShape,
  lookups: Lookups,
  gradients: { entropy: boolean; head: boolean; recomputed?: ReadonlyMap<string, Tensor> | undefined },
): Tensor {
  const selection = { index: inputs.positions, inverse: inputs.inverse };
  const tokens = { shape, places: inputs };
  const hidden = hiddenStates(config, weights, lookups.embedded, tokens, selection, gradients.recomputed);
  return logProbAndEntropy({
    hidden,
    head: weight(weights, headName(config)),
    targetRows: lookups.targetRows,
    inverseTemperature: inputs.inverseTemperature,
    chunkTokens: chunkTokensFor(config.vocabularySize),
    entropyGradient: gradients.entropy,
    headGradient: gradients.head,
  });
}

/** @returns [scored, 2]: log-probability and entropy of each scored token */
export function batchScores(
  config: ModelConfig,
  weights: DecoderWeights,
  inputs: ScoreInputs,
  shape: BatchShape,
): Tensor {
  return score(config, weights, inputs, shape, lookUp(config, weights, inputs), { entropy: false, head: false });
}

/**
 * Loss and gradients of the weights in `trainable` (Hugging Face names, or an adapter's tensors by their names).
 * The tensors returned are kept from tidy; dispose of them.
 * @param checkpointing the backward pass runs each layer again: a third more work for far less memory
 */
export function batchGradient(
  config: ModelConfig,
  weights: DecoderWeights,
  trainable: ReadonlyMap<string, Tensor>,
  inputs: ScoreInputs & LossInputs,
  shape: BatchShape,
  variant: LossVariant,
  checkpointing: boolean,
): BatchGradient {
  const embedding = 'model.embed_tokens.weight';
  const head = headName(config);
  const lookups = lookUp(config, weights, inputs);
  // A tied embedding has a dense gradient as the head; as a table of rows it gets row gradients only.
  const dense = [...trainable].filter(([name]) => name !== embedding || head === embedding);
  const kept: { losses?: Tensor; scores?: Tensor } = {};
  const forward = (): tf.Scalar => {
    const scores = score(config, weights, inputs, shape, lookups, {
      entropy: variant.entropy,
      head: trainable.has(head),
      recomputed: checkpointing ? trainable : undefined,
    });
    const [logProb, entropy] = tf.split(scores, 2, 1);
    if (logProb === undefined || entropy === undefined) throw new Error('Scores have two columns.');
    const flat = (x: Tensor) => tf.reshape(x, [shape.scored]);
    kept.scores = tf.keep(scores);
    kept.losses = tf.keep(tokenLosses(variant, flat(logProb), flat(entropy), inputs));
    const loss: tf.Scalar = tf.sum(kept.losses);
    freeDuringBackward();
    return loss;
  };
  const sources = [...dense.map(([, tensor]) => tensor)];
  if (trainable.has(embedding)) sources.push(lookups.embedded);
  if (trainable.has(head)) sources.push(lookups.targetRows);
  const { grads } = tf.engine().gradients(forward, sources);
  const { losses, scores } = kept;
  if (losses === undefined || scores === undefined) throw new Error('The loss was not computed.');
  const gradients = new Map(dense.map(([name], index) => [name, gradientAt(grads, index)]));
  const rowGradients: RowGradient[] = [];
  let next = dense.length;
  if (trainable.has(embedding)) {
    rowGradients.push({ name: embedding, ids: 'tokenIds', gradient: gradientAt(grads, next++) });
  }
  if (trainable.has(head)) rowGradients.push({ name: head, ids: 'targets', gradient: gradientAt(grads, next++) });
  return { losses, scores, gradients, rowGradients };
}

function gradientAt(grads: readonly Tensor[], index: number): Tensor {
  const gradient = grads[index];
  if (gradient === undefined) throw new Error('A trainable weight does not take part in the loss.');
  return gradient;
}
