import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossArrays, scoreArrays, scoredSpans } from '../../../backend/engine/batch-arrays';
import type { LossRow } from '../../../backend/engine/engine';
import { pack, scoredTokens } from '../../../backend/engine/packing';

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
const lists = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 })).map(([p, c]) => row(p, c)),
  { maxLength: 60 },
);
const plans = fc.record({
  microBatchTokens: fc.integer({ min: 1, max: 600 }),
  tokenBucket: fc.constantFrom(1, 8, 16, 32),
});

describe('pack', () => {
  it('puts each row with a scored token into exactly one batch, within the budget', () => {
    fc.assert(
      fc.property(lists, plans, (rows, plan) => {
        const batches = pack(rows, plan);
        const packed = batches.flatMap((batch) => [...batch.rows]).sort((a, b) => a - b);
        expect(packed).toEqual(rows.flatMap((r, index) => (scoredTokens(r) > 0 ? [index] : [])));
        for (const { rows: indices, shape } of batches) {
          expect(indices.length).toBeGreaterThan(0);
          expect(indices.length).toBeLessThanOrEqual(shape.rows);
          expect(shape.tokens % plan.tokenBucket).toBe(0);
          expect(Math.max(...indices.map((index) => rows[index]!.tokenIds.length))).toBeLessThanOrEqual(shape.tokens);
          expect(shape.rows === 1 || shape.rows * shape.tokens <= plan.microBatchTokens).toBe(true);
          const scored = indices.reduce((sum, index) => sum + scoredTokens(rows[index]!), 0);
          expect(scored).toBeLessThanOrEqual(shape.scored);
        }
      }),
    );
  });

  it('needs two shapes for rows of one length', () => {
    const rows = Array.from({ length: 128 }, () => row(16, 64));
    const batches = pack(rows, { microBatchTokens: 2048, tokenBucket: 16 });
    expect(batches.map(({ rows: indices, shape }) => [indices.length, shape.rows, shape.tokens, shape.scored])).toEqual(
      [...Array.from({ length: 5 }, () => [25, 25, 80, 25 * 64]), [3, 4, 80, 200]],
    );
  });

  it('cuts the last batch to the rows that are left', () => {
    const rows = Array.from({ length: 32 }, () => row(64, 64));
    const batches = pack(rows, { microBatchTokens: 2560, tokenBucket: 16 });
    expect(batches.map(({ shape }) => shape.rows)).toEqual([20, 12]);
  });

  it('needs few shapes for rows of any length', () => {
    const shapes = new Set<string>();
    for (let step = 0; step < 50; step++) {
      const rows = Array.from({ length: 64 }, (_, index) => row(40, 20 + ((index * 37 + step * 11) % 100), index));
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

  it('score each completion token from the position before it', () => {
    batch!.rows.forEach((index, place) => {
      const { tokenIds, promptLength } = rows[index]!;
      const { start, end } = spans[place]!;
      expect(end - start).toBe(tokenIds.length - promptLength);
      for (let token = 0; token < end - start; token++) {
        const position = scores.positions.data[start + token]!;
        expect(position).toBe(place * batch!.shape.tokens + promptLength + token - 1);
        expect(scores.inverse.data[position]).toBe(start + token);
        expect(scores.targets.data[start + token]).toBe(tokenIds[promptLength + token]);
        expect(scores.inverseTemperature.data[start + token]).toBe(2);
      }
    });
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
