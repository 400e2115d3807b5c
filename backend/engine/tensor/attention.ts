// Causal attention with grouped queries (GQA): softmax(q·kᵀ/√d + mask)·v. A key-value head serves several query
// heads, whose rows are folded together so that each product is one batched matrix multiplication.
import { at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

function scaledMatMul(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean, scale: number): Tensor {
  const attributes = { transposeA: transposeA ? 1 : 0, transposeB: transposeB ? 1 : 0, scale };
  return at(
    kernelOr('ScaledMatMul', { a, b }, attributes, () => [tf.mul(tf.matMul(a, b, transposeA, transposeB), scale)]),
    0,
  );
}

/** Added to scores: 0 where the key is not after the query, a large negative number elsewhere; [tokens, tokens]. */
export function causalMask(tokens: number): Tensor {
  const mask = new Float32Array(tokens * tokens);
  for (let query = 0; query < tokens; query++) mask.fill(-1e9, query * tokens + query + 1, (query + 1) * tokens);
  return tf.tensor(mask, [tokens, tokens]);
}

/**
 * @param q [rows, heads, tokens, headDim]
 * @param k [rows, kvHeads, tokens, headDim]
 * @param v [rows, kvHeads, tokens, headDim]
 * @param mask [tokens, tokens], added to the scores (causalMask): one for all layers
 * @returns [rows, heads, tokens, headDim]
 */
export function causalAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor): Tensor {
  const [rows = 0, heads = 0, tokens = 0, headDim = 0] = q.shape;
  const kvHeads = k.shape[1] ?? 0;
  const batch = rows * kvHeads;
  const folded = (heads / kvHeads) * tokens; // queries that share a key-value head
  const scale = 1 / Math.sqrt(headDim);
  return withGradient(
    [q, k, v],
    () => {
      const queries = tf.reshape(q, [batch, folded, headDim]);
      const keys = tf.reshape(k, [batch, tokens, headDim]);
      const values = tf.reshape(v, [batch, tokens, headDim]);
      const scores = tf.reshape(scaledMatMul(queries, keys, false, true, scale), [rows * heads, tokens, tokens]);
      const shares = tf.reshape(tf.softmax(tf.add(scores, mask)), [batch, folded, tokens]);
      const mixed = tf.matMul(shares, values); // [batch, folded, headDim]
      return { value: tf.reshape(mixed, q.shape), saved: [queries, keys, values, shares, mixed] };
    },
    (dy, saved) => {
      const [queries, keys, values, shares, mixed] = [
        at(saved, 0),
        at(saved, 1),
        at(saved, 2),
        at(saved, 3),
        at(saved, 4),
      ];
      const dMixed = tf.reshape(dy, [batch, folded, headDim]);
      const dValues = tf.matMul(shares, dMixed, true, false);
      const dShares = tf.matMul(dMixed, values, false, true);
      const mean = tf.sum(tf.mul(dMixed, mixed), -1, true); // Σ_keys share·dShare = Σ_dims mixed·dMixed
      const dScores = tf.mul(shares, tf.sub(dShares, mean));
      const dQueries = scaledMatMul(dScores, keys, false, false, scale);
      const dKeys = scaledMatMul(dScores, queries, true, false, scale);
      return [tf.reshape(dQueries, q.shape), tf.reshape(dKeys, k.shape), tf.reshape(dValues, v.shape)];
    },
  );
}
