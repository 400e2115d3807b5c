// Rotary position embedding on heads: rotates the pairs (i, i + headDim/2) of each vector by its position's angle.
// The gradient is the rotation back.
import { at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

function rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  const outputs = kernelOr('Rotary', { x, cos, sin }, {}, () => {
    const [first, second] = tf.split(x, 2, -1);
    if (first === undefined || second === undefined) throw new Error('A head has two halves.');
    return [
      tf.concat([tf.sub(tf.mul(first, cos), tf.mul(second, sin)), tf.add(tf.mul(second, cos), tf.mul(first, sin))], -1),
    ];
  });
  return at(outputs, 0);
}

/**
 * @param x [rows, heads, tokens, headDim]
 * @param cos [tokens, headDim / 2]
 * @param sin [tokens, headDim / 2]
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  return withGradient(
    [x],
    () => ({ value: rotate(x, cos, sin), saved: [cos, sin] }),
    (dy, saved) => [rotate(dy, at(saved, 0), tf.neg(at(saved, 1)))],
  );
}
