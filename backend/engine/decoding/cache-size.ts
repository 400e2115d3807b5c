// How much room keys and values take.
import type { ModelConfig } from '../../model/model-config';

/** Bytes that a token of a row takes in all layers. */
export function cacheBytesPerToken(config: ModelConfig): number {
  return config.layers * 2 * config.kvHeads * config.headDim * Float32Array.BYTES_PER_ELEMENT;
}
