// Dequantisation of each ggml format equals the gguf Python package's, and so does Q8_0 quantisation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { blockFormats, dequantize, quantizeQ8 } from '../../../backend/model/gguf-quants';

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const floats = bytes.transform((raw) => new Float32Array(raw.buffer));
const fixture = z
  .object({
    dequantize: z.record(z.string(), z.object({ bytes, values: floats })),
    quantizeQ8: z.object({ values: floats, bytes }),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../../fixtures/gguf/quants.json'), 'utf8')));

const byName = new Map([...blockFormats.values()].map((format) => [format.name, format]));

describe('dequantize', () => {
  it('is tested for every format', () => {
    expect(Object.keys(fixture.dequantize).sort()).toEqual([...byName.keys()].sort());
  });

  it.each(Object.entries(fixture.dequantize))('%s', (name, expected) => {
    const format = byName.get(name)!;
    const out = new Float32Array(expected.values.length + 3).fill(7);
    dequantize(format, expected.bytes, out, 2);
    let wrong = 0;
    for (let i = 0; i < expected.values.length; i++) if (out[i + 2] !== expected.values[i]) wrong++;
    expect(wrong).toBe(0);
    expect([out[0], out[1], out.at(-1)]).toEqual([7, 7, 7]);
  });
});

describe('quantizeQ8', () => {
  it('equals the gguf package', () => {
    expect(quantizeQ8(fixture.quantizeQ8.values)).toEqual(fixture.quantizeQ8.bytes);
  });

  it('stays within half a step of each value', () => {
    const block = fc.float32Array({ minLength: 32, maxLength: 32, noNaN: true, min: -1000, max: 1000 });
    fc.assert(
      fc.property(block, (values) => {
        const out = new Float32Array(32);
        dequantize(byName.get('Q8_0')!, quantizeQ8(values), out, 0);
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        // Half a step, and the scale's own rounding to float16 over 127 steps.
        const bound = (largest / 127) * 0.5 + largest * 2 ** -11 + 127 * 2 ** -24;
        for (let i = 0; i < 32; i++) expect(Math.abs(out[i]! - values[i]!)).toBeLessThanOrEqual(bound * 1.001);
      }),
    );
  });
});
