// llama.cpp's tensor names for Hugging Face's, and the row order of Llama's query and key projections.
import type { ModelConfig } from './model-config';

const layerNames: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'self_attn.o_proj': 'attn_output',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

const otherNames: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

/** GGUF's name of a weight of `weightShapes`. */
export function ggufName(name: string): string {
  const other = otherNames[name];
  if (other !== undefined) return other;
  const match = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  const part = layerNames[match?.[2] ?? ''];
  if (match === null || part === undefined) throw new Error(`No GGUF name for ${name}.`);
  return `blk.${match[1]}.${part}.${match[3]}`;
}

/**
 * Heads of a projection whose rows llama.cpp stores in another order: it rotates neighbouring rows of Llama's queries
 * and keys (x₀,x₁), (x₂,x₃), … where Hugging Face rotates (x₀,x_{d/2}), …; undefined for all other weights.
 */
export function interleavedHeads(name: string, config: ModelConfig): number | undefined {
  if (config.architecture !== 'llama') return undefined;
  if (name.endsWith('self_attn.q_proj.weight')) return config.heads;
  if (name.endsWith('self_attn.k_proj.weight')) return config.kvHeads;
  return undefined;
}

/** Rows [heads × headDim, columns] from Hugging Face's order to llama.cpp's. */
export function interleaveRows(data: Float32Array, heads: number, rows: number): Float32Array {
  return moveRows(data, heads, rows, (half, pair, halves) => [half * halves + pair, 2 * pair + half]);
}

/** The inverse of `interleaveRows`. */
export function deinterleaveRows(data: Float32Array, heads: number, rows: number): Float32Array {
  return moveRows(data, heads, rows, (half, pair, halves) => [2 * pair + half, half * halves + pair]);
}

function moveRows(
  data: Float32Array,
  heads: number,
  rows: number,
  move: (half: 0 | 1, pair: number, halves: number) => [from: number, to: number],
): Float32Array {
  const columns = data.length / rows;
  const headDim = rows / heads;
  const moved = new Float32Array(data.length);
  for (let head = 0; head < heads; head++) {
    for (let pair = 0; pair < headDim / 2; pair++) {
      for (const half of [0, 1] as const) {
        const [from, to] = move(half, pair, headDim / 2);
        const source = (head * headDim + from) * columns;
        moved.set(data.subarray(source, source + columns), (head * headDim + to) * columns);
      }
    }
  }
  return moved;
}
