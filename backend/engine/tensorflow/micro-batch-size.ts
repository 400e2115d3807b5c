// How many tokens a micro-batch may have on TensorFlow: what the device's memory holds beside the model, since nothing
// there bounds what a pass keeps. Sizes as measured (docs/engines.md).
import { type ModelConfig, weightShapes } from '../../model/model-config';
import type { EngineOptions } from '../engine';

export interface MicroBatchLimits {
  /** Free memory of the device. */
  readonly memoryBytes: number;
  /** More tokens gain nothing there. */
  readonly mostTokens: number;
}

/** Never fewer: below it each pass is mostly overhead. */
const fewestTokens = 256;
/** A length of rows to reckon with: attention takes memory by its square. */
const rowTokens = 512;
/**
 * The share of what the model leaves free that activations may take; the rest is for fragments and workspaces, and for
 * attention over rows of very different lengths, which has up to twice as many places as there are tokens (packing.ts).
 */
const activationShare = 0.6;

/** float32 numbers that the tape holds for one token of one layer at the worst moment, about. */
function heldPerLayer({ hiddenSize, heads, kvHeads, headDim, intermediateSize }: ModelConfig): number {
  return 10 * hiddenSize + 6 * (heads + kvHeads) * headDim + 5 * intermediateSize + 2 * heads * rowTokens;
}

/** Padded tokens of one micro-batch, a multiple of 32. */
export function microBatchTokens(config: ModelConfig, options: EngineOptions, limits: MicroBatchLimits): number {
  let parameters = 0;
  for (const shape of weightShapes(config).values()) parameters += shape.reduce((size, length) => size * length, 1);
  const frozen = options.lora !== 'off';
  // weights, gradients and two moments; with adapters the weights alone, which are then the reference too
  const copies = frozen ? 1 : 4 + (options.keepReference ? 1 : 0);
  const free = limits.memoryBytes - 4 * copies * parameters;
  const perLayer = heldPerLayer(config) * (frozen ? 1.5 : 1); // each adapter's output is held beside its projection's
  const held = options.plan?.gradientCheckpointing
    ? 2 * config.layers * config.hiddenSize + perLayer
    : config.layers * perLayer;
  const fitting = Math.floor((activationShare * free) / (4 * held) / 32) * 32;
  return Math.max(fewestTokens, Math.min(limits.mostTokens, fitting));
}
