// safetensors: whatever is written is read back, in each element type; malformed headers say what is wrong.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openSafetensors, writeSafetensors } from '../../../backend/model/safetensors';
import { peakOverWeights } from './load-memory';

const folder = await mkdtemp(join(tmpdir(), 'superrl-safetensors-'));
const file = join(folder, 'weights.safetensors');
afterAll(() => rm(folder, { recursive: true, force: true }));

const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  return fc.record({
    shape: fc.constant(shape),
    data: fc.float32Array({ minLength: length, maxLength: length, noNaN: true, noDefaultInfinity: true }),
  });
});
const name = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => text !== '__metadata__' && text !== '__proto__');

describe('writeSafetensors and openSafetensors', () => {
  it('give every tensor back exactly in float32', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, tensor), { maxLength: 6 }), async (list) => {
        const tensors = new Map(list);
        await writeSafetensors(file, tensors, { dtype: 'float32', metadata: { step: '7' } });
        const read = await openSafetensors(file);
        expect(read.metadata).toEqual({ format: 'pt', step: '7' });
        expect(new Set(read.entries.keys())).toEqual(new Set(tensors.keys()));
        for (const [key, value] of tensors) expect(await read.read(key)).toEqual(value);
        await read.close();
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['float16', 2 ** -11, 2 ** -25],
    ['bfloat16', 2 ** -8, 2 ** -134],
  ] as const)('round to %s', async (dtype, relative, absolute) => {
    const values = fc.float32Array({ minLength: 1, maxLength: 50, noNaN: true, min: -65504, max: 65504 });
    await fc.assert(
      fc.asyncProperty(values, async (data) => {
        await writeSafetensors(file, [['x', { shape: [data.length], data }]], { dtype });
        const read = await openSafetensors(file);
        const again = (await read.read('x')).data;
        await read.close();
        data.forEach((value, i) => {
          expect(Math.abs(value - again[i]!)).toBeLessThanOrEqual(Math.abs(value) * relative + absolute);
        });
      }),
      { numRuns: 50 },
    );
  });
});

describe('errors of openSafetensors', () => {
  function withHeader(header: string, dataBytes = 0): Buffer {
    const prefix = Buffer.alloc(8);
    prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
    return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataBytes)]);
  }
  it.each([
    ['not JSON', withHeader('{'), 'its header is not a JSON object'],
    ['an array', withHeader('[]'), 'its header is not a JSON object'],
    ['a huge header', Buffer.alloc(16, 0x7f), 'its header would be'],
    ['no offsets', withHeader('{"x":{"dtype":"F32","shape":[1]}}'), 'the header entry of x is malformed'],
    [
      'backwards',
      withHeader('{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4),
      'the offsets of x run backwards',
    ],
    ['too short', withHeader('{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 3), 'tensor x ends at byte'],
  ])('%s', async (_, bytes, message) => {
    await writeFile(file, bytes);
    await expect(openSafetensors(file)).rejects.toThrow(message);
  });
  it('a size that does not fit the shape', async () => {
    await writeFile(file, withHeader('{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4));
    const read = await openSafetensors(file);
    await expect(read.read('x')).rejects.toThrow('tensor x of shape [2] needs 8 bytes but has 4');
    await expect(read.read('y')).rejects.toThrow('there is no tensor y in it');
    await read.close();
  });
  it('no file', async () => {
    await expect(openSafetensors(join(folder, 'none'))).rejects.toThrow('cannot be opened');
  });
});

it('loads in little more memory than the weights take as float32', async () => {
  const size = 4 << 20;
  const layers = Array.from(
    { length: 16 },
    (_, i) => [`layer.${i}`, { shape: [size], data: new Float32Array(size) }] as const,
  );
  await writeSafetensors(file, layers, { dtype: 'bfloat16' });
  const found = await peakOverWeights(
    "import { openSafetensors } from './backend/model/safetensors';",
    'const { entries, read } = await openSafetensors(file); for (const name of entries.keys()) kept.push((await read(name)).data);',
    file,
  );
  expect(found).toBeGreaterThan(1);
  expect(found).toBeLessThan(1.1);
});
