// The parts of a Llama-family decoder layer as ONNX nodes, shared by the prefill and the step graph: weights under
// their Hugging Face names and shapes ([out, in], used transposed), norms, projections with rotary positions, SwiGLU.
import { type ModelConfig, weightShapes } from '../../../model/model-config';
import type { NamedTensors } from '../../../model/named-tensors';
import { SuperRlError } from '../../../protocol/errors';
import type { OnnxGraph, Value } from '../graph';

/** Weights stored in the graph (prepacked by the runtime), or taken as inputs. */
export type GraphWeights = NamedTensors | 'inputs';

export interface RotaryInputs {
  /** int64 [rows, new] */
  readonly positions: Value;
  /** Cosines and sines, [positions, headDim / 2] each. */
  readonly queries: readonly [Value, Value];
  readonly keys: readonly [Value, Value];
}

export class DecoderNodes {
  private readonly shapes: Map<string, readonly number[]>;
  private readonly added = new Set<string>();

  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: ModelConfig,
    private readonly weights: GraphWeights,
  ) {
    this.shapes = weightShapes(config);
  }

  /**
   * The hidden states after the last norm, [rows, new, hidden].
   * @param attention makes the attention of a layer, before its output projection: [rows, new, heads · headDim]
   */
  layers(ids: Value, attention: (layer: number, x: Value) => Value): Value {
    let residual = this.graph.node('Gather', [this.weight('model.embed_tokens.weight'), ids], { axis: 0 });
    let hidden = this.norm(residual, 'model.layers.0.input_layernorm.weight');
    for (let layer = 0; layer < this.config.layers; layer++) {
      const at = `model.layers.${layer}`;
      const attended = this.linear(attention(layer, hidden), `${at}.self_attn.o_proj.weight`);
      [hidden, residual] = this.addNorm(attended, residual, `${at}.post_attention_layernorm.weight`);
      const last = layer === this.config.layers - 1;
      const nextNorm = last ? 'model.norm.weight' : `model.layers.${layer + 1}.input_layernorm.weight`;
      [hidden, residual] = this.addNorm(this.feedForward(at, hidden), residual, nextNorm);
    }
    return hidden;
  }

  /** [rows, vocabulary] of hidden states [rows, hidden] */
  logits(hidden: Value): Value {
    return this.linear(hidden, this.config.tiedEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  }

  /** Queries of a layer, rotated and scaled, [rows, new, heads · headDim]. */
  queries(layer: number, x: Value, rotary: RotaryInputs): Value {
    return this.rotated(this.projected(layer, x, 'q'), layer, 'q', rotary);
  }

  /** Keys of a layer, rotated, [rows, new, kvHeads · headDim]. */
  keys(layer: number, x: Value, rotary: RotaryInputs): Value {
    return this.rotated(this.projected(layer, x, 'k'), layer, 'k', rotary);
  }

  /** Values of a layer, [rows, new, kvHeads · headDim]. */
  values(layer: number, x: Value): Value {
    return this.projected(layer, x, 'v');
  }

  private weight(name: string): Value {
    if (this.added.has(name)) return name;
    this.added.add(name);
    const shape = this.shapes.get(name);
    if (shape === undefined) throw new SuperRlError('internal', `No weight '${name}' in this architecture.`);
    if (this.weights === 'inputs') return this.graph.input(name, shape, 'float32');
    const tensor = this.weights.get(name);
    if (tensor === undefined) throw new SuperRlError('internal', `Weight '${name}' is missing.`);
    return this.graph.weight(name, shape, tensor.data);
  }

  private linear(x: Value, weight: string): Value {
    return this.graph.contrib('FusedMatMul', [x, this.weight(weight)], { transB: 1 });
  }

  private norm(x: Value, weight: string): Value {
    return this.graph.node('SimplifiedLayerNormalization', [x, this.weight(weight)], {
      epsilon: { float: this.config.rmsNormEpsilon },
      axis: -1,
      stash_type: 1,
    });
  }

  /** [norm(x + residual), x + residual] */
  private addNorm(x: Value, residual: Value, weight: string): [Value, Value] {
    const normed = this.graph.name();
    const sum = this.graph.name();
    this.graph.nodeWithOutputs(
      'SkipSimplifiedLayerNormalization',
      [x, residual, this.weight(weight)],
      [normed, '', '', sum],
      { epsilon: { float: this.config.rmsNormEpsilon } },
      'com.microsoft',
    );
    return [normed, sum];
  }

  private feedForward(at: string, x: Value): Value {
    const gate = this.linear(x, `${at}.mlp.gate_proj.weight`);
    const silu = this.graph.contrib('QuickGelu', [gate], { alpha: { float: 1 } });
    const up = this.linear(x, `${at}.mlp.up_proj.weight`);
    return this.linear(this.graph.node('Mul', [silu, up]), `${at}.mlp.down_proj.weight`);
  }

  private projected(layer: number, x: Value, which: 'q' | 'k' | 'v'): Value {
    const at = `model.layers.${layer}.self_attn.${which}_proj`;
    const y = this.linear(x, `${at}.weight`);
    return this.config.qkvBias ? this.graph.node('Add', [y, this.weight(`${at}.bias`)]) : y;
  }

  private rotated(x: Value, layer: number, which: 'q' | 'k', rotary: RotaryInputs): Value {
    const { graph, config } = this;
    const heads = which === 'q' ? config.heads : config.kvHeads;
    let y = x;
    if (config.qkNorm) {
      const perHead = graph.node('Reshape', [y, graph.int64s([0, 0, heads, config.headDim])]);
      const normed = this.norm(perHead, `model.layers.${layer}.self_attn.${which}_norm.weight`);
      y = graph.node('Reshape', [normed, graph.int64s([0, 0, heads * config.headDim])]);
    }
    const table = which === 'q' ? rotary.queries : rotary.keys;
    return graph.contrib('RotaryEmbedding', [y, rotary.positions, ...table], {
      num_heads: heads,
      interleaved: 0,
    });
  }
}
