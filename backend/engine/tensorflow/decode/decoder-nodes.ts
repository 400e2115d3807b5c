// The layers of a Llama-family decoder as TensorFlow nodes, forward only, shared by prefill and step. Attention is
// the caller's, who has the cache.
import type { ModelConfig } from '../../../model/model-config';
import { headName } from '../../tensor/decoder-model';
import type { TensorflowGraph, Value, Variable } from '../graph';

/**
 * What one layer attends with: queries [count, heads, headDim], already scaled by 1/√headDim, keys and values
 * [count, kvHeads, headDim]. Returns [count, heads · headDim].
 */
export type Attend = (layer: number, queries: Value, keys: Value, values: Value) => Value;

/** Cosines twice over, and sines whose first half is negative, [positions, 1, headDim] each. */
export const rotaryNames = { cos: 'rotary.cos', sin: 'rotary.sin' } as const;

/** A variable that holds one weight, or several of equal width below one another, by Hugging Face name. */
export interface LoadedWeight {
  readonly variable: Variable;
  readonly names: readonly string[];
  /** Kept as [in, out], which a CPU multiplies by up to 2.7 times as fast as by [out, in]. */
  readonly transposed: boolean;
}

export class DecoderNodes {
  private readonly used = new Map<string, LoadedWeight & { readonly value: Value }>();

  constructor(
    private readonly graph: TensorflowGraph,
    private readonly config: ModelConfig,
  ) {}

  /** Every weight and table used so far. */
  get weights(): readonly LoadedWeight[] {
    return [...this.used.values()];
  }

  /**
   * Hidden states after the last norm of tokens at positions, each int32 [count].
   * @returns [count, hidden]
   */
  hidden(ids: Value, positions: Value, attend: Attend): Value {
    const { graph } = this;
    const { heads, kvHeads, headDim, qkNorm, qkvBias, layers, intermediateSize } = this.config;
    const scales = Array.from({ length: heads + kvHeads }, (_, head) => (head < heads ? headDim ** -0.5 : 1));
    const scale = graph.constant('float32', [1, heads + kvHeads, 1], scales);
    const cosines = this.weight([rotaryNames.cos]);
    // A row that has ended may still be in the batch, and run past the tables' end.
    const last = graph.sub(graph.gather(graph.shape(cosines), graph.int(0), 0), graph.int(1));
    const places = graph.minimum(positions, last);
    // [count, heads + kvHeads, headDim]
    const cos = graph.mul(graph.gather(cosines, places, 0), scale);
    const sin = graph.mul(graph.gather(this.weight([rotaryNames.sin]), places, 0), scale);
    let x = graph.gather(this.weight(['model.embed_tokens.weight']), ids, 0);
    for (let layer = 0; layer < layers; layer++) {
      const block = `model.layers.${layer}`;
      const projections = ['q', 'k', 'v'].map((name) => `${block}.self_attn.${name}_proj`);
      const h = this.norm(x, `${block}.input_layernorm.weight`);
      let qkv = this.linear(h, ...projections.map((name) => `${name}.weight`));
      if (qkvBias) qkv = graph.add(qkv, this.weight(projections.map((name) => `${name}.bias`)));
      const perHead = graph.reshape(qkv, [-1, heads + 2 * kvHeads, headDim]);
      const [turning, values] = qkNorm
        ? this.normedHeads(perHead, block)
        : graph.split(perHead, [heads + kvHeads, kvHeads], 1);
      const [front, back] = graph.split(turning, [headDim / 2, headDim / 2], 2);
      const turned = graph.add(graph.mul(turning, cos), graph.mul(graph.concat([back, front], 2), sin));
      const [queries, keys] = graph.split(turned, [heads, kvHeads], 1);
      x = graph.add(x, this.linear(attend(layer, queries, keys, values), `${block}.self_attn.o_proj.weight`));
      const gateAndUp = [`${block}.mlp.gate_proj.weight`, `${block}.mlp.up_proj.weight`];
      const fed = this.linear(this.norm(x, `${block}.post_attention_layernorm.weight`), ...gateAndUp);
      const [gate, up] = graph.split(fed, [intermediateSize, intermediateSize], 1);
      const active = graph.mul(graph.mul(gate, graph.sigmoid(gate)), up);
      x = graph.add(x, this.linear(active, `${block}.mlp.down_proj.weight`));
    }
    return this.norm(x, 'model.norm.weight');
  }

  /** Normed queries and keys together, and the values, of a layer's [count, heads + 2 · kvHeads, headDim]. */
  private normedHeads(x: Value, block: string): [Value, Value] {
    const { heads, kvHeads } = this.config;
    const [queries, keys, values] = this.graph.split(x, [heads, kvHeads, kvHeads], 1);
    const normed = [
      this.norm(queries, `${block}.self_attn.q_norm.weight`),
      this.norm(keys, `${block}.self_attn.k_norm.weight`),
    ];
    return [this.graph.concat(normed, 1), values];
  }

  /**
   * [count, hidden] → [count, vocabulary]. As a batch of one: TensorFlow's plain product with a transposed matrix is up
   * to twice as slow on a CPU, and the table, which is often the embedding too, is too large to keep a second time.
   */
  logits(hidden: Value): Value {
    const { graph } = this;
    const table = graph.expandDims(this.weight([headName(this.config)]), 0);
    const logits = graph.batchMatMul(graph.expandDims(hidden, 0), table, true);
    return graph.reshape(logits, [-1, this.config.vocabularySize]);
  }

  private norm(x: Value, scale: string): Value {
    const { graph } = this;
    const meanSquare = graph.mean(graph.square(x), true);
    const inverse = graph.rsqrt(graph.add(meanSquare, graph.float(this.config.rmsNormEpsilon)));
    return graph.mul(graph.mul(x, inverse), this.weight([scale]));
  }

  /** x·Wᵀ of the weights, side by side. */
  private linear(x: Value, ...names: string[]): Value {
    return this.graph.matMul(x, this.weight(names, true));
  }

  private weight(names: readonly string[], transposed = false): Value {
    const key = names.join();
    let known = this.used.get(key);
    if (known === undefined) {
      const variable = this.graph.variable(names[0] ?? '');
      known = { variable, names, transposed, value: this.graph.read(variable) };
      this.used.set(key, known);
    }
    return known.value;
  }
}
