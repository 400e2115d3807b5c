// Keys and values of rows being generated, as device tensors. A device tensor can't be written into, and growing
// one copies it: so new tokens gather in a short recent part that joins the long one every 32 tokens.
import type { ModelConfig } from '../../model/model-config';
import { at } from '../tensor/fused-op';
import { type Tensor, tf } from '../tensor/tfjs';

const recentTokens = 32;

interface LayerCache {
  /** [rows · kvHeads, length, headDim] */
  keys: Tensor;
  values: Tensor;
  /** [rows · kvHeads, recent, headDim]; undefined when nothing is recent. */
  recentKeys: Tensor | undefined;
  recentValues: Tensor | undefined;
}

export class EagerCache {
  private readonly layers: LayerCache[];
  /** [rows · kvHeads, 1, length]: 0 where a row has a token, hugely negative elsewhere. */
  private mask: Tensor;
  private rows: number;
  private recent = 0;

  /**
   * @param prompts keys and values of the prefilled prompts by layer, [prompts, kvHeads, length, headDim]
   * @param promptOf which prompt each row continues
   * @param lengths of the prompts, in tokens
   */
  constructor(
    private readonly config: ModelConfig,
    prompts: readonly { readonly keys: Tensor; readonly values: Tensor }[],
    promptOf: readonly number[],
    lengths: readonly number[],
  ) {
    const { kvHeads, headDim } = config;
    this.rows = promptOf.length;
    const length = prompts[0]?.keys.shape[2] ?? 0;
    const index = tf.tidy(() => tf.keep(tf.tensor1d(Int32Array.from(promptOf), 'int32')));
    const spread = (x: Tensor) =>
      tf.tidy(() => tf.keep(tf.reshape(tf.gather(x, index), [this.rows * kvHeads, length, headDim])));
    this.layers = prompts.map(({ keys, values }) => ({
      keys: spread(keys),
      values: spread(values),
      recentKeys: undefined,
      recentValues: undefined,
    }));
    index.dispose();
    const mask = new Float32Array(this.rows * kvHeads * length);
    promptOf.forEach((prompt, row) => {
      for (let head = 0; head < kvHeads; head++) {
        const start = (row * kvHeads + head) * length;
        mask.fill(-1e9, start + (lengths[prompt] ?? 0), start + length);
      }
    });
    this.mask = tf.keep(tf.tensor(mask, [this.rows * kvHeads, 1, length]));
  }

  /** Appends one token a row to a layer and attends to all of it; shapes as Attend of decode-layers.ts. */
  attend(layer: number, queries: Tensor, keys: Tensor, values: Tensor): Tensor {
    const { heads, kvHeads, headDim } = this.config;
    const cache = this.layer(layer);
    const batch = this.rows * kvHeads;
    cache.recentKeys = this.extend(cache.recentKeys, tf.reshape(keys, [batch, 1, headDim]));
    cache.recentValues = this.extend(cache.recentValues, tf.reshape(values, [batch, 1, headDim]));
    const folded = tf.reshape(queries, [batch, heads / kvHeads, headDim]);
    const past = tf.add(tf.matMul(folded, cache.keys, false, true), this.mask);
    const recent = tf.matMul(folded, cache.recentKeys, false, true);
    const lengths = [past.shape[2] ?? 0, recent.shape[2] ?? 0];
    const shares = tf.split(tf.softmax(tf.concat([past, recent], 2)), lengths, 2);
    const mixed = tf.add(tf.matMul(at(shares, 0), cache.values), tf.matMul(at(shares, 1), cache.recentValues));
    return tf.reshape(mixed, [this.rows, heads * headDim]);
  }

  /** Call once a token, after all layers. */
  advance(): void {
    this.recent++;
    if (this.recent === recentTokens) this.settle();
  }

  /** Keeps these rows only, in this order. */
  select(rows: readonly number[]): void {
    const { kvHeads } = this.config;
    const places = Int32Array.from(rows.flatMap((row) => Array.from({ length: kvHeads }, (_, h) => row * kvHeads + h)));
    const index = tf.keep(tf.tensor1d(places, 'int32'));
    const pick = (x: Tensor) => this.replace(x, () => tf.gather(x, index));
    for (const layer of this.layers) {
      layer.keys = pick(layer.keys);
      layer.values = pick(layer.values);
      if (layer.recentKeys !== undefined) layer.recentKeys = pick(layer.recentKeys);
      if (layer.recentValues !== undefined) layer.recentValues = pick(layer.recentValues);
    }
    this.mask = pick(this.mask);
    this.rows = rows.length;
    index.dispose();
  }

  dispose(): void {
    for (const { keys, values, recentKeys, recentValues } of this.layers) {
      for (const tensor of [keys, values, recentKeys, recentValues]) tensor?.dispose();
    }
    this.mask.dispose();
  }

  private settle(): void {
    for (const layer of this.layers) {
      const { recentKeys, recentValues } = layer;
      if (recentKeys === undefined || recentValues === undefined) continue;
      layer.keys = this.replace(layer.keys, () => tf.concat([layer.keys, recentKeys], 1));
      layer.values = this.replace(layer.values, () => tf.concat([layer.values, recentValues], 1));
      recentKeys.dispose();
      recentValues.dispose();
      layer.recentKeys = undefined;
      layer.recentValues = undefined;
    }
    const seen = [this.rows * this.config.kvHeads, 1, this.recent];
    this.mask = this.replace(this.mask, () => tf.concat([this.mask, tf.zeros(seen)], 2));
    this.recent = 0;
  }

  private extend(recent: Tensor | undefined, added: Tensor): Tensor {
    if (recent === undefined) return tf.keep(tf.clone(added));
    return this.replace(recent, () => tf.concat([recent, added], 1));
  }

  private replace(old: Tensor, make: () => Tensor): Tensor {
    const made = tf.tidy(() => tf.keep(make()));
    old.dispose();
    return made;
  }

  private layer(index: number): LayerCache {
    const layer = this.layers[index];
    if (layer === undefined) throw new Error(`There is no layer ${index}.`);
    return layer;
  }
}
