// What the models and losses of the benchmarks have in common.
import type { LossForm } from '../../backend/engine/engine';

/** A plain Llama; sizes are each benchmark's own. */
export const llama = {
  architecture: 'llama',
  contextLength: 1024,
  rmsNormEpsilon: 1e-5,
  ropeTheta: 10_000,
  ropeScaling: undefined,
  tiedEmbeddings: true,
  qkvBias: false,
  qkNorm: false,
} as const;

export const grpo: LossForm = {
  type: 'grpo',
  ratio: 'token',
  clipLow: 0.2,
  clipHigh: 0.2,
  ratioMax: 5,
  klCoefficient: 0,
  klBiasCorrection: true,
};
