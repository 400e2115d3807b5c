// Weights, gradients and moments outside an engine: float32 arrays by Hugging Face name.

export interface NamedTensor {
  readonly shape: readonly number[];
  /** Row-major, float32. */
  readonly data: Float32Array;
}
export type NamedTensors = ReadonlyMap<string, NamedTensor>;
