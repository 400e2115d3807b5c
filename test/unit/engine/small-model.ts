// A tiny random model for engine tests.
import { type ModelConfig, weightShapes } from '../../../backend/model/model-config';
import type { NamedTensor } from '../../../backend/model/named-tensors';
import { numbers } from './run-program';

export const smallModel: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 19,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  intermediateSize: 24,
  contextLength: 64,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: undefined,
  tiedEmbeddings: true,
  qkvBias: false,
  qkNorm: false,
};

export function randomWeights(config: ModelConfig, seed: number): Map<string, NamedTensor> {
  const weights = new Map<string, NamedTensor>();
  for (const [name, shape] of weightShapes(config)) {
    const { data } = numbers([...shape], seed + weights.size, 0.5);
    const values = Float32Array.from(data, (value) => (name.includes('norm') ? 1 + value / 2 : value));
    weights.set(name, { shape, data: values });
  }
  return weights;
}
