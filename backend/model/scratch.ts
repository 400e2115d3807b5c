// A model from nothing: the Llama config of the run file's `model.scratch`, and its random weights. Matrices and the
// embedding are N(0, 0.02²), norms 1, biases 0; what writes into the residual stream (o_proj, down_proj) is smaller
// by 1/√(2·layers), so that the stream's variance does not grow with depth (GPT-2, Radford et al. 2019, §2.3).
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import { type ModelConfig, weightShapes } from './model-config';
import type { NamedTensor, NamedTensors } from './named-tensors';

export type ScratchModel = Exclude<RunConfig['model'], string>['scratch'];

const standardDeviation = 0.02;

/**
 * @param vocabularySize of the tokenizer trained for this model
 * @throws SuperRlError `config` when the sizes do not divide
 */
export function scratchConfig(scratch: ScratchModel, vocabularySize: number): ModelConfig {
  const { hidden, heads } = scratch;
  const kvHeads = scratch.kvHeads ?? heads;
  const headDim = hidden / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw new SuperRlError(
      'config',
      `model.scratch.hidden ${hidden} divided by heads ${heads} must be an even whole number; for example hidden ${heads * 2 * Math.max(1, Math.round(hidden / heads / 2))}.`,
    );
  }
  if (heads % kvHeads !== 0) {
    throw new SuperRlError('config', `model.scratch.heads ${heads} must be a multiple of kvHeads ${kvHeads}.`);
  }
  return {
    architecture: 'llama',
    vocabularySize,
    hiddenSize: hidden,
    layers: scratch.layers,
    heads,
    kvHeads,
    headDim,
    intermediateSize: scratch.intermediate ?? Math.max(32, Math.round((hidden * 8) / 3 / 32) * 32),
    contextLength: scratch.context,
    rmsNormEpsilon: 1e-5,
    ropeTheta: 10000,
    ropeScaling: undefined,
    tiedEmbeddings: true,
    qkvBias: false,
    qkNorm: false,
  };
}

/**
 * @param normal standard normal number for a counter; weights are counted through all tensors in the order of
 *   `weightShapes`, so that equal seeds give equal models
 */
export function initializeWeights(config: ModelConfig, normal: (index: number) => number): NamedTensors {
  const weights = new Map<string, NamedTensor>();
  let index = 0;
  for (const [name, shape] of weightShapes(config)) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (name.endsWith('norm.weight')) {
      data.fill(1);
    } else if (!name.endsWith('.bias')) {
      const residual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      const deviation = residual ? standardDeviation / Math.sqrt(2 * config.layers) : standardDeviation;
      for (let i = 0; i < data.length; i++) data[i] = deviation * normal(index + i);
    }
    weights.set(name, { shape, data });
    index += data.length;
  }
  return weights;
}
