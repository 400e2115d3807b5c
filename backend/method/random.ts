// All randomness of a run, counter-based: a number depends on what it is for and never on what was drawn
// before, so that resuming, reordering and batching change nothing. The purpose is hashed once (SHA-256)
// to a Philox key and half of its counter; the other half counts completions and tokens.
import { createHash } from 'node:crypto';
import { type PhiloxBlock, philox4x32 } from './philox';

export type RandomPurpose = 'train' | 'eval' | 'probe' | 'sample' | 'init' | 'shuffle' | 'bootstrap';

export interface UniformKey {
  readonly seed: number;
  readonly purpose: RandomPurpose;
  readonly step: number;
  /** Which round of sampling of the step (dynamic sampling), from 0. */
  readonly attempt: number;
  readonly promptId: string;
  /** How often this prompt was drawn before in the same step. */
  readonly occurrence: number;
}

/**
 * The uniform numbers of one group: (completion, token) → [0, 1), 24 bits, so exact and below 1 in float32 too.
 */
export function uniformSource(key: UniformKey): (completion: number, token: number) => number {
  const { seed, purpose, step, attempt, promptId, occurrence } = key;
  const block = blockSource([seed, purpose, step, attempt, promptId, occurrence]);
  return (completion, token) => (block(token, completion)[0] >>> 8) * 2 ** -24;
}

/** A seeded stream of uniform float64 numbers in [0, 1) with 53 bits, by index. */
export function uniformStream(seed: number, purpose: RandomPurpose, name: string | number): (index: number) => number {
  const block = blockSource([seed, purpose, name]);
  return (index) => {
    const [high, low] = block(index, Math.floor(index / 2 ** 32));
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) * 2 ** -53;
  };
}

/**
 * `count` independent normal numbers of mean 0, for weight initialisation (Box–Muller).
 * @param name of the tensor: each has its own stream, whatever the order they are made in
 */
export function normal(seed: number, name: string, count: number, standardDeviation: number): Float32Array {
  const block = blockSource([seed, 'init', name]);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 2) {
    const [first, second] = block(index / 2, 0);
    const radius = standardDeviation * Math.sqrt(-2 * Math.log((first + 1) * 2 ** -32));
    const angle = 2 * Math.PI * second * 2 ** -32;
    values[index] = radius * Math.cos(angle);
    if (index + 1 < count) values[index + 1] = radius * Math.sin(angle);
  }
  return values;
}

/** A permutation of 0 … length−1: the order of the data in an epoch (Fisher–Yates). */
export function shuffledOrder(seed: number, epoch: number, length: number): Uint32Array {
  const uniform = uniformStream(seed, 'shuffle', epoch);
  const order = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const chosen = Math.floor(uniform(last) * (last + 1));
    const value = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = value;
  }
  return order;
}

/** Blocks of 4 × 32 bits under a key. The returned array is reused by the next call. */
function blockSource(key: readonly (string | number)[]): (low: number, high: number) => Readonly<PhiloxBlock> {
  const digest = createHash('sha256').update(JSON.stringify(key)).digest();
  const c2 = digest.readInt32LE(0);
  const c3 = digest.readInt32LE(4);
  const k0 = digest.readInt32LE(8);
  const k1 = digest.readInt32LE(12);
  const words: PhiloxBlock = [0, 0, 0, 0];
  return (low, high) => {
    philox4x32(low, high, c2, c3, k0, k1, words);
    return words;
  };
}
