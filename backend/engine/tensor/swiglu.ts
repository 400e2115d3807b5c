// The gated activation of Llama's feed-forward layer (Shazeer 2020): silu(gate) · up.
import { at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/** @returns silu(gate) · up, in the shape of both. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return withGradient(
    [gate, up],
    () => {
      const outputs = kernelOr('SwiGlu', { gate, up }, {}, () => [tf.mul(tf.mul(gate, tf.sigmoid(gate)), up)]);
      return { value: at(outputs, 0), saved: [gate, up] };
    },
    (dy, saved) => {
      const g = at(saved, 0);
      const sigmoid = tf.sigmoid(g);
      const silu = tf.mul(g, sigmoid);
      const slope = tf.mul(tf.add(tf.sub(g, silu), 1), sigmoid); // d silu / d gate = σ·(1 + g − g·σ)
      return [tf.mul(tf.mul(dy, at(saved, 1)), slope), tf.mul(dy, silu)];
    },
  );
}
