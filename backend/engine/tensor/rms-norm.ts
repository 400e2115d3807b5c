// RMSNorm (Zhang & Sennrich 2019): y = x / sqrt(mean(x²) + ε) · w over the last dimension, with its gradient.
import { at, kernelOr, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/**
 * @param x [..., size]
 * @param weight [size]
 * @returns [..., size]
 */
export function rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
  const size = weight.size;
  const count = x.size / size;
  return withGradient(
    [x, weight],
    () => {
      const outputs = kernelOr('RmsNorm', { x, weight }, { epsilon }, () => {
        const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon));
        return [tf.mul(tf.mul(x, inverse), weight), inverse];
      });
      return { value: at(outputs, 0), saved: [x, weight, at(outputs, 1)] };
    },
    (dy, saved) => {
      const flatX = tf.reshape(at(saved, 0), [count, size]);
      const scale = at(saved, 1);
      const inverse = tf.reshape(at(saved, 2), [count, 1]); // 1 / rms(x)
      const flatDy = tf.reshape(dy, [count, size]);
      const product = tf.mul(flatDy, flatX); // [count, size]
      const dWeight = tf.reshape(tf.matMul(tf.reshape(inverse, [1, count]), product), [size]);
      const along = tf.matMul(product, tf.reshape(scale, [size, 1])); // Σ dy·w·x, [count, 1]
      const pull = tf.mul(tf.mul(along, tf.mul(tf.square(inverse), inverse)), 1 / size);
      const dx = tf.sub(tf.mul(tf.mul(flatDy, scale), inverse), tf.mul(flatX, pull));
      return [tf.reshape(dx, x.shape), dWeight];
    },
  );
}
