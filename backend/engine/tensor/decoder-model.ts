// The Llama-family decoder (Llama, Qwen2, Qwen3) on tfjs tensors: hidden states of whole rows for training and
// scoring. Weights are used in Hugging Face's layout, [out, in].
import type { ModelConfig } from '../../model/model-config';
import type { TokenShape } from '../packing';
import {
  type AttentionConstants,
  attentionConstants,
  batchAttention,
  type PlaceInputs,
  plainRows,
} from './batch-attention';
import { after, at, withGradient } from './fused-op';
import { rmsNorm } from './rms-norm';
import { type RowSelection, selectRows } from './select-rows';
import { swiglu } from './swiglu';
import { type Tensor, tf } from './tfjs';

/** A low-rank addition to one projection: scale · B·A. */
export interface Adapter {
  /** [rank, in] */
  readonly a: Tensor;
  /** [out, rank] */
  readonly b: Tensor;
  readonly scale: number;
}

/** The model's tensors by Hugging Face name, and adapters by the name of the projection's weight. */
export interface DecoderWeights {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly adapters: ReadonlyMap<string, Adapter>;
}

/** @throws Error when there is no such weight: a defect, since loading checks them all. */
export function weight(weights: DecoderWeights, name: string): Tensor {
  const tensor = weights.tensors.get(name);
  if (tensor === undefined) throw new Error(`The weight ${name} is not loaded.`);
  return tensor;
}

/** W, or W + scale · B·A where it has an adapter. */
export function mergedWeight(weights: DecoderWeights, name: string): Tensor {
  const base = weight(weights, name);
  const adapter = weights.adapters.get(name);
  return adapter === undefined ? base : tf.add(base, tf.mul(tf.matMul(adapter.b, adapter.a), adapter.scale));
}

/** The output embedding's name: the input embedding when they are tied. */
export function headName(config: ModelConfig): string {
  return config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight';
}

/** x·Wᵀ (+ bias) (+ adapter): [count, in] → [count, out]. */
function project(weights: DecoderWeights, module: string, x: Tensor): Tensor {
  let y = tf.matMul(x, weight(weights, `${module}.weight`), false, true);
  const bias = weights.tensors.get(`${module}.bias`);
  if (bias !== undefined) y = tf.add(y, bias);
  const adapter = weights.adapters.get(`${module}.weight`);
  if (adapter === undefined) return y;
  const low = tf.mul(tf.matMul(x, adapter.a, false, true), adapter.scale); // [count, rank]
  return tf.add(y, tf.matMul(low, adapter.b, false, true));
}

/** The tokens of a batch: their shape, and where they stand for attention. */
interface Tokens {
  readonly shape: TokenShape;
  readonly places: PlaceInputs;
}

/** One layer: [tokens, hidden] → the same, or [selected, hidden] with a selection. */
function decoderLayer(
  config: ModelConfig,
  weights: DecoderWeights,
  layer: number,
  input: Tensor,
  { shape, places }: Tokens,
  constants: AttentionConstants,
  selection: RowSelection | undefined,
): Tensor {
  const norm = (y: Tensor, scale: string) => rmsNorm(y, weight(weights, scale), config.rmsNormEpsilon);
  const split = (x: Tensor, heads: number) => tf.reshape(x, [shape.tokens, heads, config.headDim]);
  const name = `model.layers.${layer}`;
  const h = norm(input, `${name}.input_layernorm.weight`);
  let q = split(project(weights, `${name}.self_attn.q_proj`, h), config.heads);
  let k = split(project(weights, `${name}.self_attn.k_proj`, h), config.kvHeads);
  const v = split(project(weights, `${name}.self_attn.v_proj`, h), config.kvHeads);
  if (config.qkNorm) {
    q = norm(q, `${name}.self_attn.q_norm.weight`);
    k = norm(k, `${name}.self_attn.k_norm.weight`);
  }
  let mixed = batchAttention(q, k, v, shape, places, constants);
  let x = input;
  if (selection !== undefined) {
    mixed = selectRows(mixed, selection);
    x = selectRows(x, selection);
  }
  x = tf.add(x, project(weights, `${name}.self_attn.o_proj`, mixed));
  const h2 = norm(x, `${name}.post_attention_layernorm.weight`);
  const active = swiglu(project(weights, `${name}.mlp.gate_proj`, h2), project(weights, `${name}.mlp.up_proj`, h2));
  return tf.add(x, project(weights, `${name}.mlp.down_proj`, active));
}

/**
 * Hidden states after the last norm.
 * @param embedded [tokens, hidden]: the embedding of each token
 * @param selection which tokens are wanted; absent: all of them
 * @param recomputed the trainable tensors, by name, when the backward pass is to compute each layer again instead of
 *   keeping what its forward pass computed (gradient checkpointing, arXiv 1604.06174)
 * @returns [selected or tokens, hidden]
 */
export function hiddenStates(
  config: ModelConfig,
  weights: DecoderWeights,
  embedded: Tensor,
  tokens: Tokens,
  selection?: RowSelection,
  recomputed?: ReadonlyMap<string, Tensor>,
): Tensor {
  const constants = attentionConstants(config, tokens.shape, tokens.places);
  let x = embedded;
  for (let layer = 0; layer < config.layers; layer++) {
    // Past the last attention each position is on its own: only the wanted ones go on.
    const wanted = layer === config.layers - 1 ? selection : undefined;
    const run = (input: Tensor, given: AttentionConstants) =>
      decoderLayer(config, weights, layer, input, tokens, given, wanted);
    if (recomputed === undefined) {
      const input = x;
      x = tf.tidy(() => run(input, constants)); // the tape keeps what a gradient needs, and nothing else is to stay
    } else {
      const own = [...recomputed].filter(([name]) => name.includes(`layers.${layer}.`)).map(([, tensor]) => tensor);
      x = recomputedLayer(run, x, own, constants);
    }
  }
  return rmsNorm(x, weight(weights, 'model.norm.weight'), config.rmsNormEpsilon);
}

/** A layer of which only the input is kept for the backward pass, which runs it again. */
function recomputedLayer(
  run: (input: Tensor, constants: AttentionConstants) => Tensor,
  x: Tensor,
  trainable: readonly Tensor[],
  { rows, prefixes }: AttentionConstants,
): Tensor {
  const constants = [rows, ...(prefixes ? [prefixes] : [])].flatMap(({ cos, sin, mask }) => [cos, sin, mask]);
  return withGradient(
    [x, ...trainable],
    () => ({ value: run(x, { rows, prefixes }), saved: [x, ...constants] }),
    (dy, saved) => {
      // Not before the gradient is there, else a graph runtime would hold all layers' results again.
      const input = after(at(saved, 0), dy);
      const part = (first: number) => ({
        cos: at(saved, first),
        sin: at(saved, first + 1),
        mask: at(saved, first + 2),
      });
      const kept = { rows: part(1), prefixes: prefixes && part(4) };
      const [dx, ...gradients] = innerGradients(() => run(input, kept), [input, ...trainable], dy);
      if (dx === undefined) throw new Error('A layer depends on its input.');
      // Earlier layers wait for this one's gradients, else its results would be held for them.
      return [gradients.reduce((x, gradient) => after(x, gradient), dx), ...gradients];
    },
  );
}

/** Gradients within a backward pass: tfjs gives up the outer tape when an inner one ends, and still needs it. */
function innerGradients(f: () => Tensor, xs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine();
  const outerTape = state.activeTape;
  try {
    return tf.engine().gradients(f, xs, dy).grads;
  } finally {
    state.activeTape = outerTape;
  }
}

/** Logits of every position, for tests of small models: int32 [rows, tokens] → [rows · tokens, vocabulary]. */
export function allLogits(config: ModelConfig, weights: DecoderWeights, tokenIds: Tensor): Tensor {
  const [rows = 0, tokens = 0] = tokenIds.shape;
  const embedded = tf.gather(weight(weights, 'model.embed_tokens.weight'), tf.reshape(tokenIds, [-1]));
  const hidden = hiddenStates(config, weights, embedded, { shape: plainRows(rows, tokens), places: {} });
  return tf.matMul(hidden, weight(weights, headName(config)), false, true);
}
