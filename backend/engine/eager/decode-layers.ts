// The decoder's layers for generation, forward only: as few tensor operations a token as can be, since each costs
// microseconds whatever its size. Attention is the caller's, who has the cache.
import type { ModelConfig } from '../../model/model-config';
import { type Adapter, type DecoderWeights, headName, weight } from '../tensor/decoder-model';
import { at } from '../tensor/fused-op';
import { rotaryTable } from '../tensor/rotary-table';
import { type Tensor, tf } from '../tensor/tfjs';

/**
 * What one layer attends with: queries [count, heads, headDim], already scaled by 1/√headDim, keys and values
 * [count, kvHeads, headDim]. Returns [count, heads · headDim].
 */
export type Attend = (layer: number, queries: Tensor, keys: Tensor, values: Tensor) => Tensor;

interface LayerWeights {
  readonly inputNorm: Tensor;
  /** [(heads + 2 · kvHeads) · headDim, hidden] */
  readonly qkv: Tensor;
  readonly qkvBias: Tensor | undefined;
  readonly queryNorm: Tensor | undefined;
  readonly keyNorm: Tensor | undefined;
  readonly output: Tensor;
  readonly mlpNorm: Tensor;
  readonly gate: Tensor;
  readonly up: Tensor;
  readonly down: Tensor;
}

export class DecodeLayers {
  private readonly layers: readonly LayerWeights[];
  private readonly made: Tensor[] = [];
  /** [positions, 1, headDim] */
  private readonly cos: Tensor;
  private readonly sin: Tensor;
  /** [1, heads + kvHeads, 1]: 1/√headDim for queries, 1 for keys. */
  private readonly scale: Tensor;
  /** int32 [headDim]: the other half's dimension. */
  private readonly swap: Tensor;

  /** Joins and merges weights as they are now; dispose when they change. */
  constructor(
    private readonly config: ModelConfig,
    private readonly weights: DecoderWeights,
    private readonly positions: number,
  ) {
    const { heads, kvHeads, headDim } = config;
    const half = headDim / 2;
    this.layers = Array.from({ length: config.layers }, (_, layer) => this.layerWeights(`model.layers.${layer}`));
    const table = rotaryTable(config, positions);
    const twice = (values: Float32Array, first: number) =>
      Float32Array.from({ length: positions * headDim }, (_, index) => {
        const dimension = index % headDim;
        const value = values[Math.floor(index / headDim) * half + (dimension % half)] ?? 0;
        return dimension < half ? first * value : value;
      });
    this.cos = this.keep(tf.tensor(twice(table.cos, 1), [positions, 1, headDim]));
    this.sin = this.keep(tf.tensor(twice(table.sin, -1), [positions, 1, headDim]));
    const scales = Float32Array.from({ length: heads + kvHeads }, (_, head) => (head < heads ? headDim ** -0.5 : 1));
    this.scale = this.keep(tf.tensor(scales, [1, heads + kvHeads, 1]));
    const swap = Int32Array.from({ length: headDim }, (_, dimension) => (dimension + half) % headDim);
    this.swap = this.keep(tf.tensor(swap, [headDim], 'int32'));
  }

  /**
   * Hidden states after the last norm of tokens at positions (clamped to the tables), each int32 [count].
   * @returns [count, hidden]
   */
  hidden(ids: Int32Array, positions: Int32Array, attend: Attend): Tensor {
    const { heads, kvHeads, headDim, qkNorm } = this.config;
    const count = ids.length;
    const places = tf.tensor1d(
      positions.map((position) => Math.min(position, this.positions - 1)),
      'int32',
    );
    const cos = tf.mul(tf.gather(this.cos, places), this.scale); // [count, heads + kvHeads, headDim]
    const sin = tf.mul(tf.gather(this.sin, places), this.scale);
    let x = tf.gather(weight(this.weights, 'model.embed_tokens.weight'), tf.tensor1d(ids, 'int32'));
    this.layers.forEach((layer, index) => {
      let qkv = tf.matMul(this.norm(x, layer.inputNorm), layer.qkv, false, true);
      if (layer.qkvBias !== undefined) qkv = tf.add(qkv, layer.qkvBias);
      const parts = tf.split(
        tf.reshape(qkv, [count, heads + 2 * kvHeads, headDim]),
        qkNorm ? [heads, kvHeads, kvHeads] : [heads + kvHeads, kvHeads],
        1,
      );
      const values = at(parts, parts.length - 1);
      const turning =
        layer.queryNorm !== undefined && layer.keyNorm !== undefined
          ? tf.concat([this.norm(at(parts, 0), layer.queryNorm), this.norm(at(parts, 1), layer.keyNorm)], 1)
          : at(parts, 0);
      const turned = tf.add(tf.mul(turning, cos), tf.mul(tf.gather(turning, this.swap, 2), sin));
      const [queries, keys] = tf.split(turned, [heads, kvHeads], 1);
      if (queries === undefined || keys === undefined) throw new Error('Queries and keys are two parts.');
      x = tf.add(x, tf.matMul(attend(index, queries, keys, values), layer.output, false, true));
      const h = this.norm(x, layer.mlpNorm);
      const gate = tf.matMul(h, layer.gate, false, true);
      const active = tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(h, layer.up, false, true));
      x = tf.add(x, tf.matMul(active, layer.down, false, true));
    });
    return this.norm(x, weight(this.weights, 'model.norm.weight'));
  }

  /** [count, hidden] → [count, vocabulary] */
  logits(hidden: Tensor): Tensor {
    return tf.matMul(hidden, weight(this.weights, headName(this.config)), false, true);
  }

  dispose(): void {
    for (const tensor of this.made.splice(0)) tensor.dispose();
  }

  private norm(x: Tensor, scale: Tensor): Tensor {
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), this.config.rmsNormEpsilon));
    return tf.mul(tf.mul(x, inverse), scale);
  }

  private keep(tensor: Tensor): Tensor {
    this.made.push(tf.keep(tensor));
    return tensor;
  }

  private layerWeights(layer: string): LayerWeights {
    const named = (name: string) => weight(this.weights, `${layer}.${name}.weight`);
    const joined = ['q', 'k', 'v'].map((name) => `${layer}.self_attn.${name}_proj`);
    const biases = joined.flatMap((name) => this.weights.tensors.get(`${name}.bias`) ?? []);
    const { qkNorm } = this.config;
    return {
      inputNorm: named('input_layernorm'),
      qkv: this.keep(
        tf.tidy(() =>
          tf.concat(
            joined.map((name) => mergedWeight(this.weights, `${name}.weight`)),
            0,
          ),
        ),
      ),
      qkvBias: biases.length > 0 ? this.keep(tf.concat(biases, 0)) : undefined,
      queryNorm: qkNorm ? named('self_attn.q_norm') : undefined,
      keyNorm: qkNorm ? named('self_attn.k_norm') : undefined,
      output: this.merged(`${layer}.self_attn.o_proj.weight`),
      mlpNorm: named('post_attention_layernorm'),
      gate: this.merged(`${layer}.mlp.gate_proj.weight`),
      up: this.merged(`${layer}.mlp.up_proj.weight`),
      down: this.merged(`${layer}.mlp.down_proj.weight`),
    };
  }

  private merged(name: string): Tensor {
    if (!this.weights.adapters.has(name)) return weight(this.weights, name);
    return this.keep(tf.tidy(() => mergedWeight(this.weights, name)));
  }
}

/** W, or W + scale · B·A where it has an adapter. */
export function mergedWeight(weights: DecoderWeights, name: string): Tensor {
  const base = weight(weights, name);
  const adapter: Adapter | undefined = weights.adapters.get(name);
  return adapter === undefined ? base : tf.add(base, tf.mul(tf.matMul(adapter.b, adapter.a), adapter.scale));
}
