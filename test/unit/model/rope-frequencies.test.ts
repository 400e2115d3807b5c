// Llama 3.1's frequency scaling against transformers 5.24.0 (ROPE_INIT_FUNCTIONS["llama3"]), and finding it again.
import { describe, expect, it } from 'vitest';
import { findRopeScaling, ropeDivisors } from '../../../backend/model/rope-frequencies';

const scaling = { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4 } as const;

describe('ropeDivisors', () => {
  it('equals transformers', () => {
    const divisors = ropeDivisors({ headDim: 16, ropeTheta: 500000 }, { ...scaling, originalContext: 64 });
    const expected = [1, 2.442259272589372, 8, 8, 8, 8, 8, 8];
    expect(divisors.length).toBe(8);
    expected.forEach((value, i) => {
      expect(divisors[i]).toBeCloseTo(value, 6);
    });
  });
});

describe('findRopeScaling', () => {
  const rope = { headDim: 64, ropeTheta: 500000 };
  it.each([8, 32])('finds the published factor %d from float32 divisors', (factor) => {
    const published = { ...scaling, factor, originalContext: 8192 };
    expect(findRopeScaling(rope, Float32Array.from(ropeDivisors(rope, published)))).toEqual(published);
  });
  it('finds nothing for other divisors', () => {
    const other = ropeDivisors(rope, { ...scaling, factor: 8.1, originalContext: 8192 });
    expect(findRopeScaling(rope, Float32Array.from(other))).toBeUndefined();
    expect(findRopeScaling(rope, new Float32Array(8).fill(1))).toBeUndefined();
  });
});
