// The accumulated gradient of one optimiser step as plain arrays: dense gradients are added up, row gradients of an
// embedding are added to the rows that they touch.
import type { NamedTensors } from '../../model/named-tensors';

export class AccumulatedGradient {
  private readonly arrays = new Map<string, Float32Array>();

  constructor(private readonly shapes: ReadonlyMap<string, readonly number[]>) {}

  get isEmpty(): boolean {
    return this.arrays.size === 0;
  }

  /** Takes the array over when it is the first of its name. */
  add(name: string, gradient: Float32Array): void {
    const sum = this.arrays.get(name);
    if (sum === undefined) {
      this.arrays.set(name, gradient);
      return;
    }
    for (let index = 0; index < sum.length; index++) sum[index] = (sum[index] as number) + (gradient[index] as number);
  }

  /** Adds row i of `rows` ([ids, size]) to row ids[i]. */
  addRows(name: string, ids: Int32Array, rows: Float32Array): void {
    const size = rows.length / ids.length;
    const sum = this.array(name);
    ids.forEach((id, row) => {
      const from = row * size;
      const to = id * size;
      for (let column = 0; column < size; column++) {
        sum[to + column] = (sum[to + column] as number) + (rows[from + column] as number);
      }
    });
  }

  /** The gradient of a tensor; zeros when nothing was added. */
  array(name: string): Float32Array {
    let sum = this.arrays.get(name);
    if (sum === undefined) {
      sum = new Float32Array(elementCount(this.shapes.get(name) ?? []));
      this.arrays.set(name, sum);
    }
    return sum;
  }

  /** Euclidean norm over all tensors, added up in float64. NaN or Infinity when an entry is. */
  norm(): number {
    let total = 0;
    for (const array of this.arrays.values()) {
      let sum = 0;
      for (let index = 0; index < array.length; index++) sum += (array[index] as number) ** 2;
      total += sum;
    }
    return Math.sqrt(total);
  }

  clear(): void {
    this.arrays.clear();
  }

  /** Copies, by name. */
  read(): NamedTensors {
    return new Map([...this.shapes].map(([name, shape]) => [name, { shape, data: this.array(name).slice() }]));
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
