// A map from 64-bit hashes to row numbers in typed arrays (open addressing), about 24 bytes a row:
// finds duplicates and joins traces over millions of rows, where a Map of texts would fill the memory.
import { createHash } from 'node:crypto';

/** The first 64 bits of SHA-256 of a text. */
export interface Hash64 {
  readonly high: number;
  readonly low: number;
}

/** Of the text in UTF-8. */
export function hash64(text: string): Hash64 {
  const digest = createHash('sha256').update(text, 'utf8').digest();
  return { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) };
}

/** Sixteen hexadecimal digits. */
export function hashText({ high, low }: Hash64): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

export class HashIndex {
  private capacity = 1024;
  private highs = new Uint32Array(this.capacity);
  private lows = new Uint32Array(this.capacity);
  /** Value + 1; 0 marks a free slot. */
  private values = new Uint32Array(this.capacity);
  private count = 0;

  get bytes(): number {
    return this.capacity * 12;
  }

  get(key: Hash64): number | undefined {
    const value = this.values[this.slotOf(key)] ?? 0;
    return value === 0 ? undefined : value - 1;
  }

  /** Keeps the first value of a key; returns it when there was one already. */
  add(key: Hash64, value: number): number | undefined {
    const slot = this.slotOf(key);
    const present = this.values[slot] ?? 0;
    if (present !== 0) return present - 1;
    this.highs[slot] = key.high;
    this.lows[slot] = key.low;
    this.values[slot] = value + 1;
    this.count++;
    if (this.count * 2 > this.capacity) this.grow();
    return undefined;
  }

  private slotOf({ high, low }: Hash64): number {
    const mask = this.capacity - 1;
    let slot = low & mask;
    while (this.values[slot] !== 0 && (this.lows[slot] !== low || this.highs[slot] !== high)) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    const { highs, lows, values } = this;
    this.capacity *= 2;
    this.highs = new Uint32Array(this.capacity);
    this.lows = new Uint32Array(this.capacity);
    this.values = new Uint32Array(this.capacity);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? 0;
      if (value === 0) continue;
      const key = { high: highs[i] ?? 0, low: lows[i] ?? 0 };
      const slot = this.slotOf(key);
      this.highs[slot] = key.high;
      this.lows[slot] = key.low;
      this.values[slot] = value;
    }
  }
}
