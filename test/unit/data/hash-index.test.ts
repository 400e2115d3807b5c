// The hash index behaves as a Map that keeps the first value.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HashIndex, hash64, hashText } from '../../../backend/data/hash-index';

it('is SHA-256, 64 bits of it', () => {
  expect(hashText(hash64('abc'))).toBe('ba7816bf8f01cfea');
});

it('keeps the first value of every key, through growth and colliding slots', () => {
  const key = fc.record({ high: fc.constantFrom(0, 1, 0xffffffff), low: fc.nat(3000).map((n) => n * 1024) });
  fc.assert(
    fc.property(fc.array(key, { maxLength: 3000, size: 'max' }), (keys) => {
      const index = new HashIndex();
      const model = new Map<string, number>();
      for (const [value, each] of keys.entries()) {
        const name = hashText(each);
        if (index.add(each, value) !== model.get(name)) throw new Error(`${name} was kept wrongly`);
        if (!model.has(name)) model.set(name, value);
      }
      expect(keys.map((each) => index.get(each))).toEqual(keys.map((each) => model.get(hashText(each))));
      expect(index.get({ high: 2, low: 5 })).toBeUndefined();
    }),
    { numRuns: 20 },
  );
});
