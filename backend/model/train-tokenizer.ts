// Tokenizers for models from scratch, trained on the run's texts and given as the files of a Hugging Face fast
// tokenizer: one token a character, or byte-level BPE (Sennrich et al. 2016; Radford et al. 2019).
import { SuperRlError } from '../protocol/errors';
import { byteCharacters, gpt2Words } from './byte-level';
import { createTokenizer } from './huggingface-tokenizer';
import type { Tokenizer } from './tokenizer';

export type TokenizerTraining =
  | { readonly kind: 'characters' }
  /** `vocabulary` counts special tokens and the 256 bytes. */
  | { readonly kind: 'bpe'; readonly vocabulary: number };

const padText = '<|pad|>';
const eosText = '<|eos|>';
const unknownText = '<|unk|>';

/**
 * Trains a tokenizer; the same texts in any order give the same one. Ids: 0 padding, 1 EOS, for characters 2 for any
 * character not seen, then the characters in the order of their code points (BPE: bytes, then merges).
 * @throws SuperRlError `config` when there is no text, or the vocabulary is too small for bytes
 */
export function trainTokenizer(texts: Iterable<string>, training: TokenizerTraining): Tokenizer {
  return training.kind === 'characters' ? characterTokenizer(texts) : bpeTokenizer(texts, training.vocabulary);
}

function characterTokenizer(texts: Iterable<string>): Tokenizer {
  const seen = new Set<string>();
  for (const text of texts) for (const character of text) seen.add(character);
  for (const character of seen) if (/\p{Surrogate}/u.test(character)) seen.delete(character); // half a character
  if (seen.size === 0) throw noText();
  const characters = [...seen].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0));
  const special = [padText, eosText, unknownText];
  // BPE without merges splits into characters, and both libraries know its unknown token.
  return tokenizerOf(special, {
    model: bpeModel([...special, ...characters], [], unknownText),
    pre_tokenizer: null,
    decoder: { type: 'Fuse' },
  });
}

function bpeTokenizer(texts: Iterable<string>, vocabularySize: number): Tokenizer {
  const special = [padText, eosText];
  const bytes = [...byteCharacters].sort();
  if (vocabularySize < special.length + bytes.length) {
    throw new SuperRlError(
      'config',
      `model.scratch.tokenizer.vocabulary ${vocabularySize} is too small for bpe: 256 bytes and ${special.length} special tokens need ${256 + special.length}.`,
    );
  }
  const words = countWords(texts);
  if (words.size === 0) throw noText();
  const { tokens, merges } = learnMerges(words, bytes, vocabularySize - special.length);
  return tokenizerOf(special, {
    model: bpeModel([...special, ...tokens], merges, null),
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  });
}

function noText(): SuperRlError {
  return new SuperRlError(
    'config',
    'The tokenizer has no text to be trained on: the data has neither prompts nor demonstrations.',
  );
}

/** How often each word occurs, in the byte alphabet. */
function countWords(texts: Iterable<string>): Map<string, number> {
  const encoder = new TextEncoder();
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of text.match(gpt2Words) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const inBytes = new Map<string, number>();
  for (const [word, count] of counts) {
    let spelled = '';
    for (const byte of encoder.encode(word)) spelled += byteCharacters[byte];
    inBytes.set(spelled, (inBytes.get(spelled) ?? 0) + count);
  }
  return inBytes;
}

interface Word {
  readonly count: number;
  pieces: number[];
}

/** Joins two token ids into one map key; vocabularies stay below 2^24. */
const pairBase = 2 ** 24;

/**
 * Repeatedly merges the most frequent pair of neighbours, as Hugging Face's BpeTrainer: ties go to the smaller ids,
 * and no pair that occurs less than twice is merged. Ends at `size` tokens, alphabet included.
 */
function learnMerges(counts: ReadonlyMap<string, number>, alphabet: readonly string[], size: number) {
  const tokens = [...alphabet];
  const idOf = new Map(tokens.map((token, id) => [token, id]));
  const words: Word[] = [...counts].map(([text, count]) => ({
    count,
    pieces: Array.from(text, (character) => idOf.get(character) ?? 0),
  }));
  const pairCounts = new Map<number, number>();
  const wordsWith = new Map<number, Set<Word>>();
  const addPairs = (word: Word, sign: 1 | -1): void => {
    for (let i = 0; i + 1 < word.pieces.length; i++) {
      const pair = (word.pieces[i] ?? 0) * pairBase + (word.pieces[i + 1] ?? 0);
      pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + sign * word.count);
      const holders = wordsWith.get(pair) ?? new Set();
      holders.add(word);
      wordsWith.set(pair, holders);
    }
  };
  for (const word of words) addPairs(word, 1);

  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const best = mostFrequent(pairCounts);
    if (best === undefined) break;
    const left = Math.floor(best / pairBase);
    const right = best % pairBase;
    const texts: [string, string] = [tokens[left] ?? '', tokens[right] ?? ''];
    const merged = texts.join('');
    // Two pairs may spell the same token ("a"+"bc", "ab"+"c"): one id, two merges.
    const id = idOf.get(merged) ?? tokens.push(merged) - 1;
    idOf.set(merged, id);
    merges.push(texts);
    for (const word of wordsWith.get(best) ?? []) {
      addPairs(word, -1);
      word.pieces = mergePair(word.pieces, left, right, id);
      addPairs(word, 1);
    }
    pairCounts.delete(best);
    wordsWith.delete(best);
  }
  return { tokens, merges };
}

function mostFrequent(pairCounts: Map<number, number>): number | undefined {
  let best: number | undefined;
  let most = 1;
  for (const [pair, count] of pairCounts) {
    if (count === 0) pairCounts.delete(pair);
    else if (count > most || (count === most && best !== undefined && pair < best)) {
      best = pair;
      most = count;
    }
  }
  return best;
}

function mergePair(pieces: readonly number[], left: number, right: number, id: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] ?? 0;
    if (piece === left && pieces[i + 1] === right) {
      merged.push(id);
      i++;
    } else {
      merged.push(piece);
    }
  }
  return merged;
}

function bpeModel(tokens: readonly string[], merges: readonly [string, string][], unknown: string | null) {
  return {
    type: 'BPE',
    dropout: null,
    unk_token: unknown,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  };
}

function tokenizerOf(
  special: readonly string[],
  parts: { model: object; pre_tokenizer: object | null; decoder: object },
): Tokenizer {
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: parts.pre_tokenizer,
    post_processor: null,
    decoder: parts.decoder,
    model: parts.model,
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: null,
    eos_token: eosText,
    pad_token: padText,
    ...(special.includes(unknownText) ? { unk_token: unknownText } : {}),
    clean_up_tokenization_spaces: false,
    model_max_length: 1e30,
  };
  const files = new Map([
    ['tokenizer.json', `${JSON.stringify(json)}\n`],
    ['tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`],
  ]);
  return createTokenizer({ files, eosIds: [], place: 'the trained tokenizer' });
}
