// How large a micro-batch may be by default: what was fastest at 1, 25 and 135 million parameters on CPUs
// (docs/benchmarks.md), and never so large that a model's activations take much memory. Small models want many tokens in
// a run, for each run costs them something; larger ones fewer, though each micro-batch adds its gradient to all weights.
import { type ModelConfig, weightShapes } from '../../model/model-config';

/** What the activations of a forward and backward pass may take. */
const maxActivationBytes = 1.5 * 2 ** 30;
const fewestTokens = 256;
/** Beyond this the activations cost more time than another run, unless it is the least that is worth a run. */
const fastActivationBytes = 0.4 * 2 ** 30;
const fewestFastTokens = 1120;
/** Larger micro-batches gain nothing on a CPU. */
const mostTokens = 2560;

/** float32 numbers that the tape keeps for one token of one layer, about: residuals, norms, heads, feed-forward. */
function keptPerLayer(config: ModelConfig): number {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize } = config;
  return 6 * hiddenSize + 3 * (heads + 2 * kvHeads) * headDim + 4 * intermediateSize;
}

/** Padded tokens of one micro-batch, a multiple of 32: what is rounded off would cost a large model a whole run more. */
export function defaultMicroBatchTokens(config: ModelConfig): number {
  const bytesPerToken = 4 * config.layers * keptPerLayer(config);
  const within = (bytes: number) => Math.floor(bytes / bytesPerToken / 32) * 32;
  const fast = Math.max(fewestFastTokens, within(fastActivationBytes));
  const possible = Math.max(fewestTokens, within(maxActivationBytes));
  return Math.min(mostTokens, fast, possible);
}

/** From this many parameters on, a session for another shape costs more than the padding that it saves. */
const largeParameters = 32e6;

/** In how many steps the number of scored tokens of a shape goes up: fewer shapes for large models. */
export function scoredSteps(config: ModelConfig): number {
  let parameters = 0;
  for (const shape of weightShapes(config).values()) parameters += shape.reduce((size, length) => size * length, 1);
  return parameters < largeParameters ? 8 : 4;
}
