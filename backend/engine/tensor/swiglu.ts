// The gated activation of Llama's feed-forward layer (Shazeer 2020): silu(gate) · up.
import { at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/** @returns silu(gate) · up, in the shape of both. */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  return withGradient(
    [gate, up],
    () => {
      const silu = at(
        kernelOr('Silu', { x: gate }, {}, () => [tf.mul(gate, tf.sigmoid(gate))]),
        0,
      );
      const active = tf.mul(silu, up);
      return { value: active, saved: [gate, up, silu, active] };
    },
    (dy, saved) => {
      const [g, u, silu, active] = [at(saved, 0), at(saved, 1), at(saved, 2), at(saved, 3)];
      // up · d silu / d gate = up·σ·(1 + g − g·σ) = σ·(up − active) + active: few passes over memory
      const slope = tf.add(tf.mul(tf.sigmoid(g), tf.sub(u, active)), active);
      return [tf.mul(dy, slope), tf.mul(dy, silu)];
    },
  );
}
