// The Llama-family decoder (Llama, Qwen2, Qwen3) on tfjs tensors: hidden states of whole rows for training and
// scoring. Weights are used in Hugging Face's layout, [out, in].
import type { ModelConfig } from '../../model/model-config';
import { causalAttention, causalMask } from './attention';
import { rmsNorm } from './rms-norm';
import { rotary } from './rotary';
import { rotaryTable } from './rotary-table';
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

/** Rows padded on the right to one length; positions count from 0 in each row. */
export interface RowShape {
  readonly rows: number;
  readonly tokens: number;
}

export function weight(weights: DecoderWeights, name: string): Tensor {
  const tensor = weights.tensors.get(name);
  if (tensor === undefined) throw new Error(`The weight ${name} is not loaded.`);
  return tensor;
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

/**
 * Hidden states after the last norm.
 * @param embedded [rows · tokens, hidden]: the embedding of each token
 * @param selection which positions are wanted; absent: all of them
 * @returns [selected or rows · tokens, hidden]
 */
export function hiddenStates(
  config: ModelConfig,
  weights: DecoderWeights,
  embedded: Tensor,
  shape: RowShape,
  selection?: RowSelection,
): Tensor {
  const tables = rotaryTable(config, shape.tokens);
  const cos = tf.tensor(tables.cos, [shape.tokens, config.headDim / 2]);
  const sin = tf.tensor(tables.sin, [shape.tokens, config.headDim / 2]);
  const mask = causalMask(shape.tokens);
  const norm = (x: Tensor, name: string) => rmsNorm(x, weight(weights, name), config.rmsNormEpsilon);
  const split = (x: Tensor, heads: number) =>
    tf.transpose(tf.reshape(x, [shape.rows, shape.tokens, heads, config.headDim]), [0, 2, 1, 3]);

  let x = embedded; // [rows · tokens, hidden]
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const h = norm(x, `${at}.input_layernorm.weight`);
    let q = split(project(weights, `${at}.self_attn.q_proj`, h), config.heads); // [rows, heads, tokens, headDim]
    let k = split(project(weights, `${at}.self_attn.k_proj`, h), config.kvHeads);
    const v = split(project(weights, `${at}.self_attn.v_proj`, h), config.kvHeads);
    if (config.qkNorm) {
      q = norm(q, `${at}.self_attn.q_norm.weight`);
      k = norm(k, `${at}.self_attn.k_norm.weight`);
    }
    const mixed = causalAttention(rotary(q, cos, sin), rotary(k, cos, sin), v, mask);
    let heads = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, config.heads * config.headDim]);
    if (selection !== undefined && layer === config.layers - 1) {
      // Past the last attention each position is on its own: only the wanted ones go on.
      heads = selectRows(heads, selection);
      x = selectRows(x, selection);
    }
    x = tf.add(x, project(weights, `${at}.self_attn.o_proj`, heads));
    const h2 = norm(x, `${at}.post_attention_layernorm.weight`);
    const active = swiglu(project(weights, `${at}.mlp.gate_proj`, h2), project(weights, `${at}.mlp.up_proj`, h2));
    x = tf.add(x, project(weights, `${at}.mlp.down_proj`, active));
  }
  return norm(x, 'model.norm.weight');
}

/** Logits of every position, for tests of small models: int32 [rows, tokens] → [rows · tokens, vocabulary]. */
export function allLogits(config: ModelConfig, weights: DecoderWeights, tokenIds: Tensor, shape: RowShape): Tensor {
  const embedded = tf.gather(weight(weights, 'model.embed_tokens.weight'), tf.reshape(tokenIds, [-1]));
  const hidden = hiddenStates(config, weights, embedded, shape);
  return tf.matMul(hidden, weight(weights, headName(config)), false, true);
}
