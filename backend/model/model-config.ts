// The four Llama-family decoders that we run (Llama, Qwen2, Qwen3, SmolLM2 as Llama), in one shape.

export interface RopeScaling {
  readonly type: 'llama3';
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  readonly originalContext: number;
}

export interface ModelConfig {
  readonly architecture: 'llama' | 'qwen2' | 'qwen3';
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly intermediateSize: number;
  readonly contextLength: number;
  readonly rmsNormEpsilon: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | undefined;
  /** lm_head is the embedding. */
  readonly tiedEmbeddings: boolean;
  /** Biases on q, k and v (Qwen2). */
  readonly qkvBias: boolean;
  /** RMS norms on each head's query and key (Qwen3). */
  readonly qkNorm: boolean;
}

/** Hugging Face names and shapes ([out, in] for projections) of all weights, in the order of the layers. */
export function weightShapes(config: ModelConfig): Map<string, readonly number[]> {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize, vocabularySize } = config;
  const shapes = new Map<string, readonly number[]>();
  shapes.set('model.embed_tokens.weight', [vocabularySize, hiddenSize]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    shapes.set(`${at}.input_layernorm.weight`, [hiddenSize]);
    shapes.set(`${at}.self_attn.q_proj.weight`, [heads * headDim, hiddenSize]);
    shapes.set(`${at}.self_attn.k_proj.weight`, [kvHeads * headDim, hiddenSize]);
    shapes.set(`${at}.self_attn.v_proj.weight`, [kvHeads * headDim, hiddenSize]);
    if (config.qkvBias) {
      shapes.set(`${at}.self_attn.q_proj.bias`, [heads * headDim]);
      shapes.set(`${at}.self_attn.k_proj.bias`, [kvHeads * headDim]);
      shapes.set(`${at}.self_attn.v_proj.bias`, [kvHeads * headDim]);
    }
    if (config.qkNorm) {
      shapes.set(`${at}.self_attn.q_norm.weight`, [headDim]);
      shapes.set(`${at}.self_attn.k_norm.weight`, [headDim]);
    }
    shapes.set(`${at}.self_attn.o_proj.weight`, [hiddenSize, heads * headDim]);
    shapes.set(`${at}.post_attention_layernorm.weight`, [hiddenSize]);
    shapes.set(`${at}.mlp.gate_proj.weight`, [intermediateSize, hiddenSize]);
    shapes.set(`${at}.mlp.up_proj.weight`, [intermediateSize, hiddenSize]);
    shapes.set(`${at}.mlp.down_proj.weight`, [hiddenSize, intermediateSize]);
  }
  shapes.set('model.norm.weight', [hiddenSize]);
  if (!config.tiedEmbeddings) shapes.set('lm_head.weight', [vocabularySize, hiddenSize]);
  return shapes;
}
