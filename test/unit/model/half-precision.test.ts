// float16 and bfloat16: all 65,536 patterns survive, rounding is to nearest even, infinities and NaN stay.
import { describe, expect, it } from 'vitest';
import {
  decodeBfloat16Array,
  encodeHalfArray,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../../backend/model/half-precision';

const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe('float16', () => {
  it('gives every pattern back', () => {
    const values = Float32Array.from(patterns, float16ToFloat32);
    const again = encodeHalfArray(values, 'float16');
    const wrong = [...patterns].filter((pattern) => !Number.isNaN(values[pattern]!) && again[pattern] !== pattern);
    expect(wrong).toEqual([]);
    expect(Number.isNaN(float16ToFloat32(float32ToFloat16(Number.NaN)))).toBe(true);
  });
  it.each([
    [1 + 2 ** -11, 1], // half way: to even
    [1 + 3 * 2 ** -11, 1 + 2 ** -9],
    [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
    [65519, 65504],
    [65520, Number.POSITIVE_INFINITY],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [-(2 ** -24), -(2 ** -24)],
    [2 ** -14 - 2 ** -26, 2 ** -14],
  ])('rounds %d to %d', (value, rounded) => expect(float16ToFloat32(float32ToFloat16(value))).toBe(rounded));
});

describe('bfloat16', () => {
  const widen = (pattern: number) => {
    const out = new Float32Array(1);
    decodeBfloat16Array(Uint16Array.of(pattern), out, 0);
    return out[0]!;
  };
  it('gives every pattern back', () => {
    const values = new Float32Array(65536);
    decodeBfloat16Array(patterns, values, 0);
    const again = encodeHalfArray(values, 'bfloat16');
    const wrong = [...patterns].filter((pattern) => !Number.isNaN(values[pattern]!) && again[pattern] !== pattern);
    expect(wrong).toEqual([]);
    expect(Number.isNaN(widen(float32ToBfloat16(Number.NaN)))).toBe(true);
  });
  it.each([
    [1 + 2 ** -8, 1],
    [1 + 3 * 2 ** -8, 1 + 2 ** -6],
    [1 + 2 ** -8 + 2 ** -20, 1 + 2 ** -7],
    [3.4e38, Number.POSITIVE_INFINITY],
    [-Infinity, -Infinity],
  ])('rounds %d to %d', (value, rounded) => expect(widen(float32ToBfloat16(value))).toBe(rounded));
});
