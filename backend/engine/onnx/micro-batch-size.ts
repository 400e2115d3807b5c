// How large a micro-batch may be by default: as many tokens as keep the activations of a forward and backward pass
// within about 1.5 GiB, so that large models train in little memory and small ones in few runs.
import { type ModelConfig, weightShapes } from '../../model/model-config';

const maxActivationBytes = 1.5 * 2 ** 30;
/** Larger micro-batches gain nothing on a CPU. */
const mostTokens = 2560;
const fewestTokens = 256;

/** float32 numbers that the tape keeps for one token of one layer, about: residuals, norms, heads, feed-forward. */
function keptPerLayer(config: ModelConfig): number {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize } = config;
  return 6 * hiddenSize + 3 * (heads + 2 * kvHeads) * headDim + 4 * intermediateSize;
}

/** Padded tokens of one micro-batch, a multiple of 32: what is rounded off would cost a large model a whole run more. */
export function defaultMicroBatchTokens(config: ModelConfig): number {
  const bytesPerToken = 4 * config.layers * keptPerLayer(config);
  const tokens = Math.floor(maxActivationBytes / bytesPerToken / 32) * 32;
  return Math.min(mostTokens, Math.max(fewestTokens, tokens));
}

/** From this many parameters on, a session for another shape costs more than the padding that it saves. */
const largeParameters = 32e6;

/** In how many steps the number of scored tokens of a shape goes up: fewer shapes for large models. */
export function scoredSteps(config: ModelConfig): number {
  let parameters = 0;
  for (const shape of weightShapes(config).values()) parameters += shape.reduce((size, length) => size * length, 1);
  return parameters < largeParameters ? 8 : 4;
}
