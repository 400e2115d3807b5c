// The cache against a list of plain rows, over random sequences of arriving, advancing and leaving rows.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheCapacity, KvCache } from '../../../../../backend/engine/onnx/decode/kv-cache';
import { tinyModels } from './plain-decoder';

const config = { ...tinyModels.llama, layers: 2, kvHeads: 2, headDim: 4 };
const { layers, kvHeads, headDim } = config;
const maxRows = 6;
const maxLength = 100;

/** The number stored for one element of one token: unlike any other. */
const mark = (token: number, layer: number, head: number, dimension: number, isValue: boolean) =>
  ((token * layers + layer) * kvHeads + head) * headDim + dimension + (isValue ? 0.5 : 0);

function expectHolds(cache: KvCache, rows: readonly number[][]): void {
  expect(cache.rows).toBe(rows.length);
  const bias = cache.bias();
  expect(bias).toHaveLength(rows.length * cache.capacity);
  rows.forEach((tokens, row) => {
    expect(cache.lengths[row]).toBe(tokens.length);
    for (let slot = 0; slot < cache.capacity; slot++) {
      expect(bias[row * cache.capacity + slot]! < -1e8).toBe(slot >= tokens.length);
    }
    for (let layer = 0; layer < layers; layer++) {
      for (const isValue of [false, true]) {
        const array = isValue ? cache.layerValues(layer) : cache.layerKeys(layer);
        expect(array).toHaveLength(rows.length * kvHeads * cache.capacity * headDim);
        tokens.forEach((token, slot) => {
          for (let head = 0; head < kvHeads; head++) {
            const at = ((row * kvHeads + head) * cache.capacity + slot) * headDim;
            const expected = Array.from({ length: headDim }, (_, d) => mark(token, layer, head, d, isValue));
            expect([...array.subarray(at, at + headDim)]).toEqual(expected);
          }
        });
      }
    }
  });
}

describe('KvCache', () => {
  it('holds what a list of rows would hold', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), length: fc.integer({ min: 1, max: 40 }), padding: fc.nat(3) }),
      fc.record({ kind: fc.constant('advance' as const), steps: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ kind: fc.constant('remove' as const), row: fc.nat(maxRows - 1) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 14 }), (actions) => {
        const cache = new KvCache(config, maxRows, maxLength);
        const rows: number[][] = [];
        let nextToken = 0;
        for (const step of actions) {
          if (step.kind === 'append' && rows.length < maxRows) {
            const tokens = Array.from({ length: step.length }, () => nextToken++);
            const padded = step.length + step.padding;
            const layout = (isValue: boolean) =>
              Array.from({ length: layers }, (_, layer) =>
                Float32Array.from({ length: 2 * kvHeads * padded * headDim }, (__, at) => {
                  const slot = Math.floor(at / headDim) % padded;
                  const head = Math.floor(at / (headDim * padded)) % kvHeads;
                  const second = at >= kvHeads * padded * headDim;
                  return second && slot < step.length ? mark(tokens[slot]!, layer, head, at % headDim, isValue) : -7;
                }),
              );
            cache.append({
              keys: layout(false),
              values: layout(true),
              index: 1,
              paddedLength: padded,
              length: step.length,
            });
            rows.push(tokens);
          } else if (step.kind === 'advance' && rows.length > 0) {
            for (let count = 0; count < step.steps && rows.every((row) => row.length < maxLength); count++) {
              cache.makeRoom();
              const tokens = rows.map(() => nextToken++);
              for (let layer = 0; layer < layers; layer++) {
                const newest = (isValue: boolean) =>
                  Float32Array.from({ length: rows.length * kvHeads * headDim }, (_, at) => {
                    const token = tokens[Math.floor(at / (kvHeads * headDim))]!;
                    return mark(token, layer, Math.floor(at / headDim) % kvHeads, at % headDim, isValue);
                  });
                cache.write(layer, newest(false), newest(true));
              }
              cache.advance();
              rows.forEach((row, index) => {
                row.push(tokens[index]!);
              });
            }
          } else if (step.kind === 'remove' && step.row < rows.length) {
            cache.remove(step.row);
            const last = rows.pop()!;
            if (step.row < rows.length) rows[step.row] = last;
          }
          expectHolds(cache, rows);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('grows in steps that hold the length', () => {
    for (const length of [1, 31, 32, 33, 512, 513, 1000]) {
      expect(cacheCapacity(length)).toBeGreaterThanOrEqual(length);
      expect(cacheCapacity(length) - length).toBeLessThan(length <= 128 ? 16 : length <= 512 ? 32 : 64);
    }
  });
});
