// Endings (METHOD.md): a completion ends at an EOS id or at a stop string. The ending's tokens belong to the
// completion and are cut only from the text that rewards see; demonstrations get the same ending.
import { SuperRlError } from '../protocol/errors';
import type { Tokenizer } from './tokenizer';

/** Tokens kept undecided while their bytes may be the beginning of a character (at most 4 bytes). */
const longestPending = 4;

/**
 * A matcher for one completion: called with each new token id, true when the text so far contains a stop string.
 * A stop may be spread over tokens or begin or end inside one. Special tokens count with their text.
 */
export function createStopMatcher(tokenizer: Tokenizer, stops: readonly string[]): (tokenId: number) => boolean {
  const reach = Math.max(0, ...stops.map((stop) => stop.length - 1));
  let tail = ''; // the last `reach` characters before `pending`
  // Decoders may treat the first token differently (Llama 2 drops a leading space), so a token's text is what it
  // adds to the text of the one before.
  let context: number[] = [];
  let pending: number[] = [];
  return (tokenId) => {
    pending.push(tokenId);
    const before = tokenizer.decode(context);
    const text = tokenizer.decode([...context, ...pending]).slice(before.length);
    const seen = tail + text;
    if (stops.some((stop) => seen.includes(stop))) return true;
    if (!text.endsWith('\uFFFD') || pending.length >= longestPending) {
      tail = reach === 0 ? '' : seen.slice(-reach);
      context = pending;
      pending = [];
    }
    return false;
  };
}

/** A completion's tokens, ending included, and why it ended. */
export interface EndedCompletion {
  readonly tokenIds: Int32Array;
  readonly stopReason: 'eos' | 'stop' | 'length';
}

/** The text that rewards see: without EOS, cut where the first stop string begins, without special tokens. */
export function cutEnding(tokenizer: Tokenizer, completion: EndedCompletion, stops: readonly string[]): string {
  const { tokenIds, stopReason } = completion;
  if (stopReason === 'length') return tokenizer.decode(tokenIds, { skipSpecial: true });
  if (stopReason === 'eos') return tokenizer.decode(tokenIds.subarray(0, -1), { skipSpecial: true });
  const full = tokenizer.decode(tokenIds);
  const starts = stops.map((stop) => full.indexOf(stop)).filter((start) => start >= 0);
  if (starts.length === 0) {
    throw new SuperRlError('internal', `a completion is said to end at a stop string but has none: ${full}`);
  }
  const cut = Math.min(...starts);
  // The last whole token before the cut: up to it special tokens are skipped, after it only part of a token's text remains.
  let whole = tokenIds.length;
  let spelled = full;
  while (whole > 0 && !(spelled.length <= cut && full.startsWith(spelled))) {
    whole--;
    spelled = tokenizer.decode(tokenIds.subarray(0, whole));
  }
  return tokenizer.decode(tokenIds.subarray(0, whole), { skipSpecial: true }) + full.slice(spelled.length, cut);
}

/**
 * Token ids of a demonstration with its ending: the first stop string, else EOS; nothing is added where the text
 * already ends so.
 */
export function encodeDemonstration(tokenizer: Tokenizer, text: string, stops: readonly string[]): Int32Array {
  const [stop] = stops;
  if (stop !== undefined) return tokenizer.encode(stops.some((end) => text.endsWith(end)) ? text : text + stop);
  const ids = tokenizer.encode(text);
  const last = ids.at(-1);
  if (last !== undefined && tokenizer.eosIds.includes(last)) return ids;
  const [eosId] = tokenizer.eosIds;
  if (eosId === undefined) throw new SuperRlError('internal', 'The tokenizer has no EOS id.');
  return Int32Array.from([...ids, eosId]);
}
