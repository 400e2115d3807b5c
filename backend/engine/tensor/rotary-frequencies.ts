// Angles of rotary position embeddings (Su et al. 2021) with Llama 3's frequency scaling, as transformers'
// ROPE_INIT_FUNCTIONS computes them (float32 at each stage).
import type { ModelConfig } from '../../model/model-config';

/** Radians a position, one for each pair of a head's dimensions: [headDim / 2]. */
export function rotaryFrequencies(config: ModelConfig): Float32Array {
  const half = config.headDim / 2;
  const scaling = config.ropeScaling;
  return Float32Array.from({ length: half }, (_, pair) => {
    const frequency = Math.fround(1 / config.ropeTheta ** ((2 * pair) / config.headDim));
    if (scaling === undefined) return frequency;
    const wavelength = (2 * Math.PI) / frequency;
    if (wavelength < scaling.originalContext / scaling.highFreqFactor) return frequency;
    if (wavelength > scaling.originalContext / scaling.lowFreqFactor) return frequency / scaling.factor;
    const smooth =
      (scaling.originalContext / wavelength - scaling.lowFreqFactor) / (scaling.highFreqFactor - scaling.lowFreqFactor);
    return ((1 - smooth) * frequency) / scaling.factor + smooth * frequency;
  });
}

/** Cosines and sines of positions 0 … positions−1: two arrays [positions, headDim / 2], row-major. */
export function rotaryTables(config: ModelConfig, positions: number): { cos: Float32Array; sin: Float32Array } {
  const frequencies = rotaryFrequencies(config);
  const half = frequencies.length;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    frequencies.forEach((frequency, pair) => {
      const angle = Math.fround(position * frequency);
      cos[position * half + pair] = Math.cos(angle);
      sin[position * half + pair] = Math.sin(angle);
    });
  }
  return { cos, sin };
}
