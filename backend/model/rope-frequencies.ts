// Llama 3.1's scaling of rotary frequencies (transformers, _compute_llama3_parameters), as the divisors that GGUF
// stores in rope_freqs.weight.
import type { ModelConfig, RopeScaling } from './model-config';

/** What each of the headDim/2 rotary frequencies is divided by. */
export function ropeDivisors(config: Pick<ModelConfig, 'headDim' | 'ropeTheta'>, scaling: RopeScaling): Float64Array {
  const { factor, lowFreqFactor, highFreqFactor, originalContext } = scaling;
  const divisors = new Float64Array(config.headDim / 2);
  for (let i = 0; i < divisors.length; i++) {
    const wavelength = 2 * Math.PI * config.ropeTheta ** ((2 * i) / config.headDim);
    const rotations = originalContext / wavelength;
    const smooth = (rotations - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    if (rotations > highFreqFactor) divisors[i] = 1;
    else if (rotations < lowFreqFactor) divisors[i] = factor;
    else divisors[i] = 1 / ((1 - smooth) / factor + smooth);
  }
  return divisors;
}

/** Scalings that published Llama 3 models use; GGUF keeps only the divisors. */
const knownScalings: readonly RopeScaling[] = [8, 32].map((factor) => ({
  type: 'llama3',
  factor,
  lowFreqFactor: 1,
  highFreqFactor: 4,
  originalContext: 8192,
}));

/** The published scaling with these divisors (within 1e-4), if there is one. */
export function findRopeScaling(
  config: Pick<ModelConfig, 'headDim' | 'ropeTheta'>,
  divisors: Float32Array,
): RopeScaling | undefined {
  return knownScalings.find((scaling) => {
    const expected = ropeDivisors(config, scaling);
    return (
      expected.length === divisors.length &&
      expected.every((value, i) => Math.abs(value - (divisors[i] ?? 0)) <= 1e-4 * value)
    );
  });
}
