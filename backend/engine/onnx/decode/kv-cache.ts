// Keys and values of the rows in flight, as the decode graph takes them: per layer [rows, kvHeads, capacity,
// headDim], and a bias that hides the slots a row does not use. Rows are always the first ones of each array: a row
// that leaves is overwritten by the last. Capacity grows in place by moving the rows apart.
import type { ModelConfig } from '../../../model/model-config';
import { cacheBytesPerToken } from '../../decoding/cache-size';

/** Keys and values of one prompt inside the outputs of a prefill; shared by all completions of the prompt. */
export interface PrefilledPrompt {
  /** Per layer, [prompts, kvHeads, paddedLength, headDim]. */
  readonly keys: readonly Float32Array[];
  readonly values: readonly Float32Array[];
  /** Which of the prompts. */
  readonly index: number;
  readonly paddedLength: number;
  readonly length: number;
}

const hidden = -1e9;

/**
 * Slots for sequences of this length, in multiples of 16 tokens, then 32, then 64: unused slots cost attention time and each
 * growth moves every row, so the best step grows with the root of the length.
 */
export function cacheCapacity(length: number): number {
  const step = length <= 128 ? 16 : length <= 512 ? 32 : 64;
  return Math.ceil(length / step) * step;
}

export class KvCache {
  rows = 0;
  capacity = 0;
  /** Cached tokens of each row. */
  readonly lengths: Int32Array;
  private keys: Float32Array[] = [];
  private values: Float32Array[] = [];
  private hiding = new Float32Array(0);

  /** Storage for up to `maxRows` rows of up to `maxLength` tokens; memory is touched only as it fills. */
  constructor(
    private readonly config: ModelConfig,
    readonly maxRows: number,
    readonly maxLength: number,
  ) {
    const slots = maxRows * cacheCapacity(maxLength);
    const allocate = () =>
      Array.from({ length: config.layers }, () => new Float32Array(slots * config.kvHeads * config.headDim));
    this.keys = allocate();
    this.values = allocate();
    this.hiding = new Float32Array(slots);
    this.lengths = new Int32Array(maxRows);
  }

  get bytes(): number {
    return this.maxRows * cacheCapacity(this.maxLength) * cacheBytesPerToken(this.config);
  }

  /** The keys of a layer, [rows, kvHeads, capacity, headDim]; a view, valid until rows or capacity change. */
  layerKeys(layer: number): Float32Array {
    return this.view(this.keys, layer);
  }

  layerValues(layer: number): Float32Array {
    return this.view(this.values, layer);
  }

  /** [rows, 1, 1, capacity]; a view, valid until rows or capacity change. */
  bias(): Float32Array {
    return this.hiding.subarray(0, this.rows * this.capacity);
  }

  clear(): void {
    this.rows = 0;
    this.capacity = 0;
  }

  /** Adds a row that holds the prompt. */
  append(prompt: PrefilledPrompt): void {
    const { kvHeads, headDim, layers } = this.config;
    this.fit(prompt.length);
    const row = this.rows++;
    this.lengths[row] = prompt.length;
    this.hiding.fill(0, row * this.capacity, row * this.capacity + prompt.length);
    this.hiding.fill(hidden, row * this.capacity + prompt.length, (row + 1) * this.capacity);
    for (let layer = 0; layer < layers; layer++) {
      for (const [from, to] of [
        [prompt.keys[layer], this.keys[layer]],
        [prompt.values[layer], this.values[layer]],
      ]) {
        if (from === undefined || to === undefined) continue;
        for (let head = 0; head < kvHeads; head++) {
          const start = (prompt.index * kvHeads + head) * prompt.paddedLength * headDim;
          to.set(
            from.subarray(start, start + prompt.length * headDim),
            (row * kvHeads + head) * this.capacity * headDim,
          );
        }
      }
    }
  }

  /** Writes each row's newest key and value, per layer [rows, kvHeads, 1, headDim]; call `advance` after. */
  write(layer: number, newKeys: Float32Array, newValues: Float32Array): void {
    this.scatter(this.keys[layer], newKeys);
    this.scatter(this.values[layer], newValues);
  }

  /** Counts the tokens just written. */
  advance(): void {
    for (let row = 0; row < this.rows; row++) {
      const slot = this.lengths[row] ?? 0;
      this.hiding[row * this.capacity + slot] = 0;
      this.lengths[row] = slot + 1;
    }
  }

  /** Makes sure that every row has a slot for one more token; call before the views are taken. */
  makeRoom(): void {
    let longest = 0;
    for (let row = 0; row < this.rows; row++) longest = Math.max(longest, this.lengths[row] ?? 0);
    this.fit(longest + 1);
  }

  /** Removes a row; the last row takes its place. */
  remove(row: number): void {
    const last = --this.rows;
    if (row === last) return;
    const length = this.lengths[last] ?? 0;
    const { kvHeads, headDim } = this.config;
    for (const arrays of [this.keys, this.values]) {
      for (const array of arrays) {
        for (let head = 0; head < kvHeads; head++) {
          const from = (last * kvHeads + head) * this.capacity * headDim;
          array.copyWithin((row * kvHeads + head) * this.capacity * headDim, from, from + length * headDim);
        }
      }
    }
    this.hiding.copyWithin(row * this.capacity, last * this.capacity, (last + 1) * this.capacity);
    this.lengths[row] = length;
  }

  /** Grows the capacity, if needed, to hold sequences of this length. */
  private fit(length: number): void {
    const capacity = cacheCapacity(length);
    if (capacity <= this.capacity) return;
    const { kvHeads, headDim } = this.config;
    for (let row = this.rows - 1; row >= 0; row--) {
      const used = this.lengths[row] ?? 0;
      for (const arrays of [this.keys, this.values]) {
        for (const array of arrays) {
          for (let head = kvHeads - 1; head >= 0; head--) {
            const from = (row * kvHeads + head) * this.capacity * headDim;
            array.copyWithin((row * kvHeads + head) * capacity * headDim, from, from + used * headDim);
          }
        }
      }
      this.hiding.fill(hidden, row * capacity + used, (row + 1) * capacity);
      this.hiding.fill(0, row * capacity, row * capacity + used);
    }
    this.capacity = capacity;
  }

  /**
   * Puts [rows, kvHeads, headDim] into each row's next slot. A plain loop over pairs of numbers (read as float64,
   * which no two finite float32 can turn into NaN): typed-array `set` costs twice as much for so few numbers.
   */
  private scatter(target: Float32Array | undefined, source: Float32Array): void {
    if (target === undefined) return;
    const { kvHeads, headDim } = this.config;
    const pairs = headDim / 2;
    const to = new Float64Array(target.buffer, target.byteOffset, target.length / 2);
    const from = new Float64Array(source.buffer, source.byteOffset, source.length / 2);
    let read = 0;
    for (let row = 0; row < this.rows; row++) {
      const slot = this.lengths[row] ?? 0;
      for (let head = 0; head < kvHeads; head++) {
        let write = ((row * kvHeads + head) * this.capacity + slot) * pairs;
        for (const end = read + pairs; read < end; read++, write++) to[write] = from[read] as number;
      }
    }
  }

  private view(arrays: readonly Float32Array[], layer: number): Float32Array {
    const { kvHeads, headDim } = this.config;
    const array = arrays[layer] ?? new Float32Array(0);
    return array.subarray(0, this.rows * kvHeads * this.capacity * headDim);
  }
}
