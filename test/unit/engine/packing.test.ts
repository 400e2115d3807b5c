import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossArrays, scoreArrays, scoredSpans } from '../../../backend/engine/batch-arrays';
import type { LossRow } from '../../../backend/engine/engine';
import { isSpread, pack, placesOf, scoredTokens, sharedTokens } from '../../../backend/engine/packing';

function row(prompt: number, completion: number, seed = 0): LossRow {
  return {
    tokenIds: Int32Array.from({ length: prompt + completion }, (_, token) => 1 + ((seed * 31 + token) % 50)),
    promptLength: prompt,
    temperature: 0.5,
    pgWeight: 1,
    sftWeight: 0,
    entropyWeight: 0,
    advantage: seed,
  };
}
/** Rows of which many begin with the same prompt: `row` makes it from its length. */
const lists = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 })).map(([p, c]) => row(p, c)),
  { maxLength: 60 },
);
const plans = fc.record({
  microBatchTokens: fc.integer({ min: 1, max: 600 }),
  tokenBucket: fc.constantFrom(1, 8, 16, 32),
  sharePrompts: fc.boolean(),
});

const unshared = { prefixes: 0, prefixTokens: 0 };

/** A row of the group that has this prompt. */
function ofGroup(group: number, prompt: number, completion: number): LossRow {
  return row(prompt, completion, 100 + group);
}

describe('pack', () => {
  it('puts each row with a scored token into exactly one batch, within the budget', () => {
    fc.assert(
      fc.property(lists, plans, (rows, plan) => {
        const batches = pack(rows, plan);
        const packed = batches.flatMap((batch) => [...batch.rows]).sort((a, b) => a - b);
        expect(packed).toEqual(rows.flatMap((r, index) => (scoredTokens(r) > 0 ? [index] : [])));
        for (const { rows: indices, prefixOf, shape } of batches) {
          expect(indices.length).toBeGreaterThan(0);
          expect(indices.length).toBeLessThanOrEqual(shape.rows);
          expect(shape.rowTokens % plan.tokenBucket).toBe(0);
          const own = indices.map((index) => rows[index]!.tokenIds.length - 1 - sharedTokens(rows[index]!, shape));
          expect(Math.max(...own)).toBeLessThanOrEqual(shape.rowTokens);
          expect(indices.length === 1 || shape.tokens <= plan.microBatchTokens).toBe(true);
          expect(indices.length === 1 || placesOf(shape) <= 2 * plan.microBatchTokens).toBe(true);
          const scored = indices.reduce((sum, index) => sum + scoredTokens(rows[index]!), 0);
          expect(scored).toBeLessThanOrEqual(shape.scored);
          expect(shape.scored).toBeLessThanOrEqual(shape.tokens);
          const prompts = new Map<number, string>();
          for (const [place, prefix] of prefixOf.entries()) {
            const { tokenIds, promptLength } = rows[indices[place]!]!;
            const prompt = tokenIds.slice(0, promptLength - 1).join();
            expect(prompt).toBe(prompts.get(prefix) ?? prompt);
            prompts.set(prefix, prompt);
            expect(promptLength - 1).toBeLessThanOrEqual(shape.prefixTokens);
          }
          expect(prompts.size).toBeLessThanOrEqual(shape.prefixes);
          expect(prefixOf.length).toBe(shape.prefixes === 0 ? 0 : indices.length);
        }
      }),
    );
  });

  it('needs two shapes for rows of one length', () => {
    const rows = Array.from({ length: 128 }, (_, index) => row(16, 64, index));
    const batches = pack(rows, { microBatchTokens: 2048, tokenBucket: 16, sharePrompts: false });
    expect(batches.map(({ rows: indices, shape }) => [indices.length, shape])).toEqual([
      ...Array.from({ length: 5 }, () => [24, { ...unshared, tokens: 1920, rows: 24, rowTokens: 80, scored: 24 * 64 }]),
      [8, { ...unshared, tokens: 640, rows: 8, rowTokens: 80, scored: 8 * 64 }],
    ]);
  });

  it('fills batches evenly', () => {
    const rows = Array.from({ length: 32 }, (_, index) => row(64, 64, index));
    const batches = pack(rows, { microBatchTokens: 2560, tokenBucket: 16 });
    expect(batches.map(({ shape }) => shape.rows)).toEqual([16, 16]);
    const groups = Array.from({ length: 128 }, (_, index) => ofGroup(index >> 3, 17, 64));
    const shared = pack(groups, { microBatchTokens: 2560, tokenBucket: 16 });
    expect(shared.map(({ shape }) => [shape.rows, shape.prefixes])).toEqual(Array.from({ length: 4 }, () => [32, 4]));
  });

  it('computes a prompt that rows share once', () => {
    const rows = Array.from({ length: 16 }, (_, index) => ofGroup(index >> 3, 33, 32));
    const [batch, ...others] = pack(rows, { microBatchTokens: 1024, tokenBucket: 16 });
    expect(others).toEqual([]);
    expect(batch!.shape).toEqual({
      tokens: 2 * 32 + 16 * 32,
      rows: 16,
      rowTokens: 32,
      prefixes: 2,
      prefixTokens: 32,
      scored: 16 * 32,
    });
    expect(batch!.prefixOf).toEqual(rows.map((_, index) => index >> 3));
  });

  it('leaves prompts to their rows where sharing saves nothing, or is not wanted', () => {
    const single = Array.from({ length: 16 }, (_, index) => ofGroup(index, 33, 32));
    expect(pack(single, { microBatchTokens: 1024, tokenBucket: 16 })[0]!.shape.prefixes).toBe(0);
    const shared = Array.from({ length: 16 }, () => ofGroup(0, 33, 32));
    const plan = { microBatchTokens: 1024, tokenBucket: 16, sharePrompts: false };
    expect(pack(shared, plan)[0]!.shape.prefixes).toBe(0);
  });

  it('does not pad rows of different lengths for the dense layers', () => {
    const rows = Array.from({ length: 24 }, (_, index) => ofGroup(index >> 3, 33, 4 + ((index * 5) % 28)));
    const [batch, ...others] = pack(rows, { microBatchTokens: 1024, tokenBucket: 16 });
    expect(others).toEqual([]);
    const tokens = 3 * 32 + rows.reduce((sum, each) => sum + scoredTokens(each), 0);
    expect(batch!.shape.tokens).toBeGreaterThanOrEqual(tokens);
    expect(batch!.shape.tokens).toBeLessThan(tokens + 128);
    expect(isSpread(batch!.shape)).toBe(true);
    expect(placesOf(batch!.shape)).toBeGreaterThan(1.3 * tokens);
  });

  it('bounds what attention reads, however long the prompt that rows share', () => {
    const rows = Array.from({ length: 256 }, () => ofGroup(0, 4000, 4));
    for (const { shape } of pack(rows, { microBatchTokens: 4096, tokenBucket: 16 })) {
      expect(shape.rows * (shape.prefixTokens + shape.rowTokens)).toBeLessThan(1.5 * 16 * 4096);
      expect(shape.prefixes).toBe(1);
    }
  });

  it('bounds the places of one long row among short ones', () => {
    const rows = [ofGroup(0, 33, 900), ...Array.from({ length: 63 }, () => ofGroup(0, 33, 8))];
    for (const { shape } of pack(rows, { microBatchTokens: 2048, tokenBucket: 16 })) {
      expect(placesOf(shape)).toBeLessThanOrEqual(2 * 2048);
    }
  });

  it.each([
    ['rows with prompts of their own', (index: number, length: number) => row(40, length, index)],
    ['groups', (index: number, length: number) => ofGroup(index >> 3, 40, length)],
  ])('needs few shapes for %s of any length', (_, make) => {
    const shapes = new Set<string>();
    for (let step = 0; step < 50; step++) {
      const rows = Array.from({ length: 64 }, (_, index) => make(index, 20 + ((index * 37 + step * 11) % 100)));
      for (const { shape } of pack(rows, { microBatchTokens: 2048, tokenBucket: 16 })) {
        shapes.add(JSON.stringify(shape));
      }
    }
    expect(shapes.size).toBeLessThan(40);
  });
});

describe('scoreArrays and lossArrays', () => {
  const rows = [row(3, 2, 1), row(2, 4, 2), { ...row(4, 1, 3), oldLogProbs: Float32Array.of(-1.5) }];
  const [batch] = pack(rows, { microBatchTokens: 64, tokenBucket: 4 });
  const scores = scoreArrays(batch!, rows);
  const losses = lossArrays(batch!, rows);
  const spans = scoredSpans(batch!, rows);

  it.each([
    ['rows with prompts of their own', [row(3, 5), row(2, 6)], { tokenBucket: 4, sharePrompts: false }, false],
    ['padded for attention only', [row(2, 9), row(3, 1), row(2, 1)], { tokenBucket: 4, sharePrompts: false }, true],
    ['groups', [ofGroup(1, 9, 8), ofGroup(1, 9, 8), ofGroup(2, 9, 8)], { tokenBucket: 8 }, false],
    [
      'groups padded for attention only',
      [ofGroup(1, 9, 20), ofGroup(1, 9, 13), ofGroup(1, 5, 8)],
      { tokenBucket: 4 },
      true,
    ],
  ] as const)('score each completion token from the token before it: %s', (_, given, plan, spread) => {
    const [packed, ...others] = pack(given, { microBatchTokens: 64, ...plan });
    expect(others).toEqual([]);
    const { shape } = packed!;
    expect(isSpread(shape)).toBe(spread);
    expect(shape.prefixes > 0).toBe(!('sharePrompts' in plan));
    const arrays = scoreArrays(packed!, given);
    const before = shape.prefixes * shape.prefixTokens;
    const placeOf = (position: number) => arrays.placeOfToken?.data[position] ?? position;
    scoredSpans(packed!, given).forEach(({ start, end }, place) => {
      const { tokenIds, promptLength } = given[packed!.rows[place]!]!;
      const shared = sharedTokens(given[packed!.rows[place]!]!, shape);
      expect(end - start).toBe(tokenIds.length - promptLength);
      for (let token = 0; token < end - start; token++) {
        const position = arrays.positions.data[start + token]!;
        expect(placeOf(position)).toBe(before + place * shape.rowTokens + promptLength + token - 1 - shared);
        expect(arrays.tokenIds.data[position]).toBe(tokenIds[promptLength + token - 1]);
        expect(arrays.inverse.data[position]).toBe(start + token);
        expect(arrays.targets.data[start + token]).toBe(tokenIds[promptLength + token]);
        expect(arrays.inverseTemperature.data[start + token]).toBe(2);
      }
    });
  });

  it('lead from tokens to their places and back, and nowhere from padding', () => {
    const given = [ofGroup(1, 9, 20), ofGroup(1, 9, 13), ofGroup(1, 5, 8)];
    const [packed] = pack(given, { microBatchTokens: 64, tokenBucket: 4 });
    const { shape } = packed!;
    const arrays = scoreArrays(packed!, given);
    const tokens = [...arrays.placeOfTokenOrNone!.data].filter((place) => place < placesOf(shape));
    // Two prompts, one a part of the other: 8 and 4 tokens, and a token for each that is scored.
    expect(tokens.length).toBe(8 + 4 + 20 + 13 + 8);
    expect(new Set(tokens).size).toBe(tokens.length);
    tokens.forEach((place, token) => {
      expect(arrays.placeOfToken!.data[token]).toBe(place);
      expect(arrays.tokenAtPlace!.data[place]).toBe(token);
      expect(arrays.tokenAtPlaceOrNone!.data[place]).toBe(token);
    });
    expect(arrays.tokenAtPlaceOrNone!.data.filter((token) => token < shape.tokens).length).toBe(tokens.length);
  });

  it('give padding no weight and no way back', () => {
    const used = spans.at(-1)!.end;
    expect(used).toBeLessThan(batch!.shape.scored);
    for (const name of ['pgWeight', 'sftWeight', 'entropyWeight'] as const) {
      expect([...losses[name].data.slice(used)].every((weight) => weight === 0)).toBe(true);
    }
    expect(scores.inverse.data.filter((place) => place < batch!.shape.scored).length).toBe(used);
  });

  it('mark which tokens have an old log-probability', () => {
    const place = batch!.rows.indexOf(2);
    const { start } = spans[place]!;
    expect([...losses.oldGiven.data].reduce((sum, flag) => sum + flag, 0)).toBe(1);
    expect(losses.oldGiven.data[start]).toBe(1);
    expect(losses.oldLogProb.data[start]).toBe(-1.5);
  });
});
