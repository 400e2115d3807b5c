// Attention over the tokens of a batch, which the dense layers take as a plain list. For attention they stand in places:
// those of shared prompts, padded on the left, then those of rows, padded on the right, so that each row goes on at the
// same position (rotary embeddings know distances only).
import type { ModelConfig } from '../../model/model-config';
import { isSpread, type TokenShape } from '../packing';
import { causalAttention, causalMask, type PrefixUse, prefixedAttention } from './attention';
import { rotary } from './rotary';
import { rotaryTable } from './rotary-table';
import { type RowSelection, selectRows } from './select-rows';
import { type Tensor, tf } from './tfjs';

/** Rows of one length, each with its own prompt. */
export function plainRows(rows: number, rowTokens: number): TokenShape {
  return { tokens: rows * rowTokens, rows, rowTokens, prefixes: 0, prefixTokens: 0 };
}

/** What attention needs to know of the tokens; the first three where prompts are shared, the others where isSpread. */
export interface PlaceInputs {
  /** int32 [rows]: the prompt that each row goes on from. */
  readonly prefixOf?: Tensor | undefined;
  /** [prefixes, rows]: 1 where a row goes on from a prompt. */
  readonly prefixRows?: Tensor | undefined;
  /** [prefixes, prefixTokens]: hiddenScore at padding, else 0. */
  readonly prefixMask?: Tensor | undefined;
  /** int32 [places]: the token at each place, any in padding. */
  readonly tokenAtPlace?: Tensor | undefined;
  /** The same, `tokens` in padding. */
  readonly tokenAtPlaceOrNone?: Tensor | undefined;
  /** int32 [tokens]: the place of each token, any for padding. */
  readonly placeOfToken?: Tensor | undefined;
  /** The same, `places` for padding. */
  readonly placeOfTokenOrNone?: Tensor | undefined;
}

/** Of one part of the places: cosines and sines of its positions, [tokens, headDim / 2], and what its scores add. */
interface PartConstants {
  readonly cos: Tensor;
  readonly sin: Tensor;
  readonly mask: Tensor;
}

/** What all layers share. */
export interface AttentionConstants {
  readonly rows: PartConstants;
  /** Of shared prompts. */
  readonly prefixes: PartConstants | undefined;
}

export function attentionConstants(config: ModelConfig, shape: TokenShape, places: PlaceInputs): AttentionConstants {
  const { rows, rowTokens, prefixes, prefixTokens } = shape;
  const pairs = config.headDim / 2;
  const table = rotaryTable(config, prefixTokens + rowTokens);
  const at = (numbers: Float32Array, start: number, tokens: number) =>
    tf.tensor(numbers.slice(start * pairs, (start + tokens) * pairs), [tokens, pairs]);
  const part = (start: number, tokens: number, mask: Tensor) => ({
    cos: at(table.cos, start, tokens),
    sin: at(table.sin, start, tokens),
    mask,
  });
  const causal = causalMask(rowTokens, prefixTokens);
  const { prefixMask, prefixOf } = places;
  if (prefixes === 0) return { rows: part(0, rowTokens, causal), prefixes: undefined };
  if (!prefixMask || !prefixOf) throw new Error('Shared prompts were given without their inputs.');
  const ofPrefixes = tf.reshape(prefixMask, [prefixes, 1, 1, prefixTokens]);
  const ofRows = tf.concat([tf.gather(prefixMask, prefixOf), tf.zeros([rows, rowTokens])], 1);
  return {
    rows: part(prefixTokens, rowTokens, tf.add(tf.reshape(ofRows, [rows, 1, 1, prefixTokens + rowTokens]), causal)),
    prefixes: part(0, prefixTokens, tf.add(ofPrefixes, causalMask(prefixTokens))),
  };
}

/**
 * @param q [tokens, heads, headDim]
 * @param k [tokens, kvHeads, headDim]
 * @param v [tokens, kvHeads, headDim]
 * @returns [tokens, heads · headDim]
 */
export function batchAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  shape: TokenShape,
  places: PlaceInputs,
  constants: AttentionConstants,
): Tensor {
  const { toPlaces, toTokens } = selections(shape, places);
  const sizes = [shape.prefixes * shape.prefixTokens, shape.rows * shape.rowTokens];
  /** Heads of prompts and rows, [rows, heads, tokens, headDim] each. */
  const parts = (x: Tensor): { prefixes: Tensor | undefined; rows: Tensor } => {
    const [, heads = 0, headDim = 0] = x.shape;
    const flat = select(tf.reshape(x, [-1, heads * headDim]), toPlaces);
    const split = (part: Tensor, rows: number, tokens: number) =>
      tf.transpose(tf.reshape(part, [rows, tokens, heads, headDim]), [0, 2, 1, 3]);
    if (shape.prefixes === 0) return { prefixes: undefined, rows: split(flat, shape.rows, shape.rowTokens) };
    const [ofPrefixes, ofRows] = tf.split(flat, sizes, 0);
    if (ofPrefixes === undefined || ofRows === undefined) throw new Error('Places have two parts.');
    return {
      prefixes: split(ofPrefixes, shape.prefixes, shape.prefixTokens),
      rows: split(ofRows, shape.rows, shape.rowTokens),
    };
  };
  const rotated = (x: Tensor, { cos, sin }: PartConstants) => rotary(x, cos, sin);
  const joined = (x: Tensor) => tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [-1, (q.shape[1] ?? 0) * (q.shape[2] ?? 0)]);

  const [queries, keys, values] = [parts(q), parts(k), parts(v)];
  const ownQ = rotated(queries.rows, constants.rows);
  const own = { k: rotated(keys.rows, constants.rows), v: values.rows };
  if (constants.prefixes === undefined) {
    return select(joined(causalAttention(ownQ, own.k, own.v, constants.rows.mask)), toTokens);
  }
  if (!queries.prefixes || !keys.prefixes || !values.prefixes) throw new Error('Shared prompts have no places.');
  const prefix = { k: rotated(keys.prefixes, constants.prefixes), v: values.prefixes };
  const prefixQ = rotated(queries.prefixes, constants.prefixes);
  const ofPrefixes = causalAttention(prefixQ, prefix.k, prefix.v, constants.prefixes.mask);
  const ofRows = prefixedAttention(ownQ, own, prefix, prefixUse(places), constants.rows.mask);
  return select(tf.concat([joined(ofPrefixes), joined(ofRows)], 0), toTokens);
}

function prefixUse({ prefixOf, prefixRows }: PlaceInputs): PrefixUse {
  if (!prefixOf || !prefixRows) throw new Error('Shared prompts were given without their inputs.');
  return { prefixOf, prefixRows };
}

/** From tokens to places and back; undefined where each token stands in its place. */
function selections(shape: TokenShape, places: PlaceInputs): { toPlaces?: RowSelection; toTokens?: RowSelection } {
  if (!isSpread(shape)) return {};
  const { tokenAtPlace, tokenAtPlaceOrNone, placeOfToken, placeOfTokenOrNone } = places;
  if (!tokenAtPlace || !tokenAtPlaceOrNone || !placeOfToken || !placeOfTokenOrNone) {
    throw new Error('Tokens were given without their places.');
  }
  return {
    toPlaces: { index: tokenAtPlace, inverse: placeOfTokenOrNone },
    toTokens: { index: placeOfToken, inverse: tokenAtPlaceOrNone },
  };
}

function select(x: Tensor, selection: RowSelection | undefined): Tensor {
  return selection === undefined ? x : selectRows(x, selection);
}
