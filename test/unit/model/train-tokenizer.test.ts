// Trained tokenizers: ids, round trips, unknown characters, and the errors of a person's choices.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createTokenizer } from '../../../backend/model/huggingface-tokenizer';
import { trainTokenizer } from '../../../backend/model/train-tokenizer';

const texts = ['Numbers: 63, 95, 96.\nTarget: 64.', '  (96 - 95) + 63 = 64\n\n', 'naïve 🚀🚀\ttab'];
const wellFormed = fc.string({ unit: 'grapheme' });

describe('characters', () => {
  const tokenizer = trainTokenizer(texts, { kind: 'characters' });

  it('has padding, EOS, unknown, then each character by code point', () => {
    const characters = [...new Set(texts.join(''))].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
    expect(tokenizer.vocabularySize).toBe(3 + characters.length);
    expect([...tokenizer.encode(characters.join(''))]).toEqual(characters.map((_, i) => i + 3));
    expect(tokenizer.padId).toBe(0);
    expect(tokenizer.eosIds).toEqual([1]);
    expect(tokenizer.eosText).toBe('<|eos|>');
    expect(tokenizer.hasChatTemplate).toBe(false);
  });

  it('is the same whatever the order of the texts', () => {
    expect(trainTokenizer([...texts].reverse(), { kind: 'characters' }).files()).toEqual(tokenizer.files());
  });

  it('round-trips every text of seen characters, one token a character', () => {
    const seen = fc.string({ unit: fc.constantFrom(...new Set(texts.join(''))) });
    fc.assert(
      fc.property(seen, (text) => {
        const ids = tokenizer.encode(text);
        expect(ids.length).toBe([...text].length);
        expect(tokenizer.decode(ids)).toBe(text);
      }),
    );
  });

  it('gives every unseen character the unknown id', () => {
    expect([...tokenizer.encode('6x日🎉6')]).toEqual([tokenizer.encode('6')[0], 2, 2, 2, tokenizer.encode('6')[0]]);
  });

  it('recognises special tokens in text and leaves them out on request', () => {
    const ids = tokenizer.encode('64<|eos|>');
    expect(ids.at(-1)).toBe(1);
    expect(tokenizer.decode(ids)).toBe('64<|eos|>');
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('64');
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([1_000])).toBe('');
  });
});

describe('bpe', () => {
  const tokenizer = trainTokenizer(texts, { kind: 'bpe', vocabulary: 270 });

  it('keeps to the vocabulary and merges what is frequent', () => {
    expect(tokenizer.vocabularySize).toBeLessThanOrEqual(270);
    expect(tokenizer.vocabularySize).toBeGreaterThan(258);
    expect(tokenizer.encode(' 95').length).toBeLessThan(3);
  });

  it('learns the merges of Hugging Face’s trainer', () => {
    const file = join(import.meta.dirname, '../../fixtures/tokenizer/bpe.json');
    const fixture = z
      .object({ texts: z.array(z.string()), vocabulary: z.int(), merges: z.unknown(), vocab: z.unknown() })
      .parse(JSON.parse(readFileSync(file, 'utf8')));
    const trained = trainTokenizer(fixture.texts, { kind: 'bpe', vocabulary: fixture.vocabulary });
    const { model } = JSON.parse(trained.files().get('tokenizer.json') ?? '');
    expect(model.merges).toEqual(fixture.merges);
    expect(model.vocab).toEqual(fixture.vocab);
  });

  it('round-trips any text', () => {
    fc.assert(fc.property(wellFormed, (text) => tokenizer.decode(tokenizer.encode(text)) === text));
  });

  it('survives being stored', () => {
    const again = createTokenizer({ files: tokenizer.files(), eosIds: [], place: '' });
    fc.assert(fc.property(wellFormed, (text) => again.encode(text).join() === tokenizer.encode(text).join()));
  });
});

describe('errors', () => {
  it('no text', () => {
    for (const kind of ['characters', 'bpe'] as const) {
      expect(() => trainTokenizer([''], { kind, vocabulary: 300 })).toThrow(
        'The tokenizer has no text to be trained on',
      );
    }
  });
  it('a vocabulary below the bytes', () => {
    expect(() => trainTokenizer(texts, { kind: 'bpe', vocabulary: 200 })).toThrow(
      'vocabulary 200 is too small for bpe: 256 bytes and 2 special tokens need 258.',
    );
  });
});
