// Philox against the published known answers, and what a run needs of its random numbers.
import { describe, expect, it } from 'vitest';
import { type PhiloxBlock, philox4x32 } from '../../../backend/method/philox';
import { normal, shuffledOrder, type UniformKey, uniformSource, uniformStream } from '../../../backend/method/random';

const key: UniformKey = { seed: 1, purpose: 'train', step: 3, attempt: 0, promptId: 'p', occurrence: 0 };

describe('philox4x32', () => {
  // kat_vectors of the Random123 distribution: counter, key, expected.
  const vectors: [counter: number[], key: number[], expected: number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  it.each(vectors)('counter %j, key %j', ([c0, c1, c2, c3], [k0, k1], expected) => {
    const out: PhiloxBlock = [0, 0, 0, 0];
    philox4x32(c0!, c1!, c2!, c3!, k0!, k1!, out);
    expect(out).toEqual(expected);
  });
});

describe('uniformSource', () => {
  it('is below 1 after rounding to float32 and uniform', () => {
    const uniform = uniformSource(key);
    const bins = new Array<number>(10).fill(0);
    for (let token = 0; token < 20_000; token++) {
      const value = uniform(token % 8, token);
      expect(Math.fround(value)).toBe(value);
      expect(value >= 0 && value < 1).toBe(true);
      bins[Math.floor(value * 10)]!++;
    }
    // χ² with 9 degrees of freedom: above 27.9 once in a thousand; the stream is fixed, so no flakes.
    expect(bins.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
  });

  it('does not depend on the order of calls', () => {
    const uniform = uniformSource(key);
    const later = uniform(5, 100);
    uniform(0, 0);
    expect(uniform(5, 100)).toBe(later);
    expect(uniformSource({ ...key })(5, 100)).toBe(later);
  });

  it('differs in every part of the key and in completion and token', () => {
    const others: UniformKey[] = [
      key,
      { ...key, seed: 2 },
      { ...key, purpose: 'eval' },
      { ...key, step: 4 },
      { ...key, attempt: 1 },
      { ...key, promptId: 'q' },
      { ...key, occurrence: 1 },
    ];
    const values = others.flatMap((other) => [
      uniformSource(other)(0, 1),
      uniformSource(other)(1, 0),
      uniformSource(other)(0, 0),
    ]);
    expect(new Set(values).size).toBe(values.length);
  });

  it('gives the numbers it always gave, on every machine', () => {
    const uniform = uniformSource(key);
    expect([uniform(0, 0), uniform(0, 1), uniform(1, 0)]).toMatchInlineSnapshot(`
      [
        0.6144381761550903,
        0.7365167140960693,
        0.2908693552017212,
      ]
    `);
  });
});

describe('normal', () => {
  it('has the mean and deviation asked for, and its own stream a tensor', () => {
    const values = normal(0, 'weight', 20_001, 0.02);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan(5e-4);
    expect(deviation).toBeCloseTo(0.02, 3);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(normal(0, 'other', 1, 0.02)[0]).not.toBe(values[0]);
    expect(normal(0, 'weight', 2, 0.02)).toEqual(values.slice(0, 2));
  });
});

describe('shuffledOrder', () => {
  it('is a permutation that depends on seed and epoch', () => {
    const order = shuffledOrder(1, 0, 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(shuffledOrder(1, 0, 1000)).toEqual(order);
    expect(shuffledOrder(1, 1, 1000)).not.toEqual(order);
    expect(shuffledOrder(2, 0, 1000)).not.toEqual(order);
    expect([...shuffledOrder(1, 0, 0)]).toEqual([]);
  });

  it('gives each of the 6 orders of 3 rows equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 3000; epoch++) {
      const order = shuffledOrder(7, epoch, 3).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
  });
});

describe('uniformStream', () => {
  it('has 53 bits', () => {
    const uniform = uniformStream(0, 'bootstrap', 'x');
    const values = Array.from({ length: 100 }, (_, index) => uniform(index));
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(values.some((value) => Math.fround(value) !== value)).toBe(true);
  });
});
