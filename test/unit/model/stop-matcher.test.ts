// Endings: stops spread over tokens and inside tokens, multi-byte characters, EOS, special tokens as stops.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../backend/model/huggingface-tokenizer';
import { createStopMatcher, cutEnding, encodeDemonstration } from '../../../backend/model/stop-matcher';

const tokenizer = await loadTokenizer(join(import.meta.dirname, '../../golden/models/llama-tied'));

/** Index of the token at which the matcher fires, -1 if never. */
function firesAt(ids: ArrayLike<number>, stops: readonly string[]): number {
  const matches = createStopMatcher(tokenizer, stops);
  return Array.from(ids).findIndex((id) => matches(id));
}

describe('createStopMatcher', () => {
  it('fires at the token that completes a stop spread over tokens', () => {
    const ids = tokenizer.encode('12 </answer> more');
    const index = firesAt(ids, ['</answer>']);
    expect(tokenizer.decode(ids.subarray(0, index + 1))).toContain('</answer>');
    expect(tokenizer.decode(ids.subarray(0, index))).not.toContain('</answer>');
  });

  it('fires inside a token', () => {
    const ids = tokenizer.encode('Hello there');
    const word = tokenizer.decode([ids[2]!]);
    expect(word.length).toBeGreaterThan(1);
    expect(firesAt(ids, [word.slice(1)])).toBeLessThanOrEqual(2);
  });

  it('agrees with decoding everything at each token, for any bytes, over any stops', () => {
    const bytes = fc.array(fc.integer({ min: 3, max: 511 }), { maxLength: 40 });
    const text = fc.string({ unit: fc.constantFrom('a', '\n', '🚀', 'é', ' ', '日') });
    fc.assert(
      fc.property(
        fc.oneof(bytes, text),
        fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '🚀', 'é', ' '), minLength: 1, maxLength: 3 }), {
          minLength: 1,
          maxLength: 2,
        }),
        (source, stops) => {
          const ids = typeof source === 'string' ? [...tokenizer.encode(source)] : source;
          const expected = ids.findIndex((_, i) =>
            stops.some((stop) => tokenizer.decode(ids.slice(0, i + 1)).includes(stop)),
          );
          expect(firesAt(ids, stops)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('waits for the last byte of a character', () => {
    const ids = tokenizer.encode('a🚀b');
    expect(ids.length).toBeGreaterThan(3);
    const index = firesAt(ids, ['🚀']);
    expect(tokenizer.decode(ids.subarray(0, index + 1))).toBe('a🚀');
  });

  it('sees special tokens by their text', () => {
    expect(firesAt(tokenizer.encode('a<|im_start|>b'), ['<|im_start|>'])).toBe(1);
  });
});

describe('cutEnding', () => {
  const cut = (text: string, stopReason: 'eos' | 'stop' | 'length', stops: string[] = []) =>
    cutEnding(tokenizer, { tokenIds: tokenizer.encode(text), stopReason }, stops);

  it('cuts EOS, and only it', () => expect(cut('42\n<|im_end|>', 'eos')).toBe('42\n'));
  it('cuts at the first stop', () => {
    expect(cut('x = 42\n', 'stop', ['\n'])).toBe('x = 42');
    expect(cut('a; b\n', 'stop', ['\n', ';'])).toBe('a');
    expect(cut('🚀 done!!', 'stop', ['!!'])).toBe('🚀 done');
  });
  it('keeps what was cut off by the limit', () => expect(cut('x = 4', 'length', ['\n'])).toBe('x = 4'));
  it('leaves special tokens out, also when one is the stop', () => {
    expect(cut('a<|im_start|>b\n', 'stop', ['\n'])).toBe('ab');
    expect(cut('ab<|im_start|>', 'stop', ['<|im_start|>'])).toBe('ab');
    expect(cut('ab<|im_start|>', 'length')).toBe('ab');
  });
  it('is loud when the stop is not there', () => {
    expect(() => cut('abc', 'stop', ['\n'])).toThrow('is said to end at a stop string but has none: abc');
  });
  it('gives the text before the stop, for any text', () => {
    const unit = fc.constantFrom('a', 'b', ' ', '🚀', 'é');
    fc.assert(
      fc.property(fc.string({ unit }), fc.constantFrom('\n', '##', '日'), (text, stop) => {
        expect(cut(text + stop, 'stop', [stop])).toBe(text);
      }),
    );
  });
});

describe('encodeDemonstration', () => {
  const text = (ids: Int32Array) => tokenizer.decode(ids);
  it('ends with the first stop, once', () => {
    expect(text(encodeDemonstration(tokenizer, 'x = 42', ['\n', ';']))).toBe('x = 42\n');
    expect(text(encodeDemonstration(tokenizer, 'x = 42\n', ['\n', ';']))).toBe('x = 42\n');
    expect(text(encodeDemonstration(tokenizer, 'x = 42;', ['\n', ';']))).toBe('x = 42;');
  });
  it('ends with EOS, once, when there is no stop', () => {
    expect(text(encodeDemonstration(tokenizer, 'x', []))).toBe('x<|im_end|>');
    expect(text(encodeDemonstration(tokenizer, 'x<|im_end|>', []))).toBe('x<|im_end|>');
    expect([...encodeDemonstration(tokenizer, '', [])]).toEqual([2]);
  });
});
