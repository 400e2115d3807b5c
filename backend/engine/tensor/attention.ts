// Causal attention with grouped queries (GQA): softmax(q·kᵀ/√d + mask)·v. A key-value head serves several query
// heads, whose rows are folded together so that each product is one batched matrix multiplication. Rows that go on from
// a shared prompt read its keys and values before their own.
import { after, at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/** Added to the score of a key that a query may not see. */
export const hiddenScore = -1e9;

function scaledMatMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, scale: number): Tensor {
  const attributes = { transposeA: transposeA ? 1 : 0, transposeB: transposeB ? 1 : 0, scale };
  return at(
    kernelOr('ScaledMatMul', { a, b }, attributes, () => [tf.mul(tf.matMul(a, b, transposeA, transposeB), scale)]),
    0,
  );
}

/**
 * Added to scores: 0 where the key is not after the query, hiddenScore elsewhere.
 * @param before keys that come before the first query, seen by all
 * @returns [tokens, before + tokens]
 */
export function causalMask(tokens: number, before = 0): Tensor {
  const keys = before + tokens;
  const mask = new Float32Array(tokens * keys);
  for (let query = 0; query < tokens; query++) {
    mask.fill(hiddenScore, query * keys + before + query + 1, (query + 1) * keys);
  }
  return tf.tensor(mask, [tokens, keys]);
}

/** What attention computed, for its gradient. */
interface Attended {
  /** [rows · kvHeads, heads / kvHeads · queries, keys] */
  readonly shares: Tensor;
  /** [rows · kvHeads, heads / kvHeads · queries, headDim] */
  readonly mixed: Tensor;
}

/** Shapes of one attention: heads that share a key-value head are folded into its queries. */
function foldedShapes(q: Tensor, k: Tensor) {
  const [rows = 0, heads = 0, queries = 0, headDim = 0] = q.shape;
  const [, kvHeads = 0, keys = 0] = k.shape;
  const batch = rows * kvHeads;
  return {
    queries: [batch, (heads / kvHeads) * queries, headDim],
    keys: [batch, keys, headDim],
    scores: [rows, heads, queries, keys],
    shares: [batch, (heads / kvHeads) * queries, keys],
    scale: 1 / Math.sqrt(headDim),
  };
}

function attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Attended {
  const shapes = foldedShapes(q, k);
  const products = scaledMatMul(tf.reshape(q, shapes.queries), tf.reshape(k, shapes.keys), false, true, shapes.scale);
  const scores = tf.add(tf.reshape(products, shapes.scores), mask);
  const shares = tf.reshape(tf.softmax(scores), shapes.shares);
  return { shares, mixed: tf.matMul(shares, tf.reshape(v, shapes.keys)) };
}

/** Gradients of q, k and v, in their shapes. */
function attendGradient(dy: Tensor, q: Tensor, k: Tensor, v: Tensor, { shares, mixed }: Attended) {
  const shapes = foldedShapes(q, k);
  const queries = tf.reshape(q, shapes.queries);
  const dMixed = tf.reshape(dy, shapes.queries);
  const dValues = tf.matMul(shares, dMixed, true, false);
  const dShares = tf.matMul(dMixed, tf.reshape(v, shapes.keys), false, true);
  const mean = tf.sum(tf.mul(dMixed, mixed), -1, true); // Σ_keys share·dShare = Σ_dims mixed·dMixed
  const dScores = tf.mul(shares, tf.sub(dShares, mean));
  const dQueries = scaledMatMul(dScores, tf.reshape(k, shapes.keys), false, false, shapes.scale);
  const dKeys = scaledMatMul(dScores, queries, true, false, shapes.scale);
  return { dq: tf.reshape(dQueries, q.shape), dk: tf.reshape(dKeys, k.shape), dv: tf.reshape(dValues, v.shape) };
}

/**
 * @param q [rows, heads, tokens, headDim]
 * @param k [rows, kvHeads, tokens, headDim]
 * @param v [rows, kvHeads, tokens, headDim]
 * @param mask added to the scores [rows, heads, tokens, tokens], to which it broadcasts
 * @returns [rows, heads, tokens, headDim]
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Tensor {
  return withGradient(
    [q, k, v],
    () => {
      const { shares, mixed } = attend(q, k, v, mask);
      return { value: tf.reshape(mixed, q.shape), saved: [q, k, v, shares, mixed] };
    },
    (dy, saved) => {
      const attended = { shares: at(saved, 3), mixed: at(saved, 4) };
      const { dq, dk, dv } = attendGradient(dy, at(saved, 0), at(saved, 1), at(saved, 2), attended);
      return [dq, dk, dv];
    },
  );
}

/** Which shared prompt each row goes on from. */
export interface PrefixUse {
  /** int32 [rows] */
  readonly prefixOf: Tensor;
  /** The same as a matrix, 1 where a row goes on from a prompt, [prefixes, rows]. */
  readonly prefixRows: Tensor;
}

/** The keys or values that a row reads: those of its prompt, then its own, [rows, kvHeads, prefixTokens + tokens, headDim]. */
function withPrefix(prefix: Tensor, own: Tensor, { prefixOf }: PrefixUse): Tensor {
  return tf.concat([tf.gather(prefix, prefixOf), own], 2);
}

/** From the gradient of withPrefix to those of its two parts. */
function partGradients(dy: Tensor, prefix: Tensor, own: Tensor, { prefixRows }: PrefixUse): [Tensor, Tensor] {
  const [ofPrefix, dOwn] = tf.split(dy, [prefix.shape[2] ?? 0, own.shape[2] ?? 0], 2);
  if (ofPrefix === undefined || dOwn === undefined) throw new Error('Keys have two parts.');
  const rows = own.shape[0] ?? 0;
  const summed = tf.matMul(prefixRows, tf.reshape(ofPrefix, [rows, -1])); // over the rows of each prompt
  return [tf.reshape(summed, prefix.shape), dOwn];
}

/**
 * Attention of rows to a shared prompt and to themselves. A row's own copy of the prompt's keys and values is made when
 * it is read and not kept.
 * @param q [rows, heads, tokens, headDim]
 * @param own keys and values of the rows, [rows, kvHeads, tokens, headDim]
 * @param prefix those of the prompts, [prefixes, kvHeads, prefixTokens, headDim]
 * @param mask added to the scores [rows, heads, tokens, prefixTokens + tokens], to which it broadcasts
 * @returns [rows, heads, tokens, headDim]
 */
export function prefixedAttention(
  q: Tensor,
  own: { readonly k: Tensor; readonly v: Tensor },
  prefix: { readonly k: Tensor; readonly v: Tensor },
  use: PrefixUse,
  mask: Tensor,
): Tensor {
  return withGradient(
    [q, own.k, own.v, prefix.k, prefix.v],
    () => {
      const { shares, mixed } = attend(q, withPrefix(prefix.k, own.k, use), withPrefix(prefix.v, own.v, use), mask);
      return { value: tf.reshape(mixed, q.shape), saved: [q, own.k, own.v, prefix.k, prefix.v, shares, mixed] };
    },
    (dy, saved) => {
      const [ownK, ownV, prefixK, prefixV] = [at(saved, 1), at(saved, 2), at(saved, 3), at(saved, 4)];
      const attended = { shares: at(saved, 5), mixed: at(saved, 6) };
      // Not before the gradient is there, else a graph runtime could make the copies of all layers at once.
      const k = withPrefix(after(prefixK, dy), ownK, use);
      const v = withPrefix(after(prefixV, dy), ownV, use);
      const { dq, dk, dv } = attendGradient(dy, at(saved, 0), k, v, attended);
      const [dPrefixK, dOwnK] = partGradients(dk, prefixK, ownK, use);
      const [dPrefixV, dOwnV] = partGradients(dv, prefixV, ownV, use);
      return [dq, dOwnK, dOwnV, dPrefixK, dPrefixV];
    },
  );
}
