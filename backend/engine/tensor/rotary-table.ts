// Cosines and sines of rotary position embeddings (RoPE, arXiv 2104.09864), with the frequency scaling of
// Llama 3.1 (rope_type llama3) as Hugging Face transformers computes it. Computed in float64, stored as float32.
import type { ModelConfig } from '../../model/model-config';

export interface RotaryTable {
  readonly positions: number;
  /** [positions, headDim / 2] */
  readonly cos: Float32Array;
  /** [positions, headDim / 2] */
  readonly sin: Float32Array;
}

/** Radians a position for each pair of a head's dimensions, [headDim / 2]. */
export function rotaryFrequencies(config: ModelConfig): Float64Array {
  const { headDim, ropeTheta, ropeScaling } = config;
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, pair) => ropeTheta ** ((-2 * pair) / headDim));
  if (ropeScaling === undefined) return frequencies;
  const { factor, lowFreqFactor, highFreqFactor, originalContext } = ropeScaling;
  return frequencies.map((frequency) => {
    const turns = (originalContext * frequency) / (2 * Math.PI);
    if (turns > highFreqFactor) return frequency;
    if (turns < lowFreqFactor) return frequency / factor;
    const smooth = (turns - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return ((1 - smooth) * frequency) / factor + smooth * frequency;
  });
}

/** @param scale a factor on every entry; rotating by the table then scales too */
export function rotaryTable(config: ModelConfig, positions: number, scale = 1): RotaryTable {
  const frequencies = rotaryFrequencies(config);
  const cos = new Float32Array(positions * frequencies.length);
  const sin = new Float32Array(positions * frequencies.length);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < frequencies.length; pair++) {
      const angle = position * (frequencies[pair] ?? 0);
      cos[position * frequencies.length + pair] = scale * Math.cos(angle);
      sin[position * frequencies.length + pair] = scale * Math.sin(angle);
    }
  }
  return { positions, cos, sin };
}
