// How our fused operations are written: a forward and a backward form on tfjs tensors, each of which may use a
// kernel of the active backend where that has one (the tracing backend does) and plain tfjs operations elsewhere.
import { type Tensor, tf } from './tfjs';

type Attributes = Readonly<Record<string, number>>;

/** Runs the active backend's own kernel `name`, or the plain form when it has none. */
export function kernelOr(
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Attributes,
  plain: () => Tensor[],
): Tensor[] {
  // getKernel returns undefined for an unknown pair, whatever its typing says.
  const kernel: unknown = tf.getKernel(name, tf.getBackend());
  if (kernel === undefined) return plain();
  const outputs = tf.engine().runKernel(name, { ...inputs }, { ...attributes });
  return Array.isArray(outputs) ? (outputs as Tensor[]) : [outputs as Tensor];
}

/**
 * x, but only once `earlier` is computed: keeps a graph runtime from starting on it early and holding what follows.
 * Elsewhere x itself.
 */
export function after(x: Tensor, earlier: Tensor | undefined): Tensor {
  if (earlier === undefined) return x;
  return at(
    kernelOr('After', { x, earlier }, {}, () => [x]),
    0,
  );
}

/** The only, or the wanted, tensor of a list that is known to hold it. */
export function at(tensors: readonly Tensor[], index: number): Tensor {
  const tensor = tensors[index];
  if (tensor === undefined)
    throw new Error(`An operation returned ${tensors.length} tensors; number ${index} is missing.`);
  return tensor;
}

/**
 * A differentiable operation with a gradient of our own. `forward` returns the value and what `backward` needs;
 * `backward` returns one gradient for each input, in order, and may use no tensor that was made during the forward
 * pass except through `saved`: tidy has disposed of the others by then.
 */
export function withGradient(
  inputs: readonly Tensor[],
  forward: () => { value: Tensor; saved: readonly Tensor[] },
  backward: (dy: Tensor, saved: readonly Tensor[]) => Tensor[],
): Tensor {
  const operation = tf.customGrad((...args) => {
    const save = args[args.length - 1] as tf.GradSaveFunc;
    const { value, saved } = forward();
    save([...saved]);
    // tfjs tidies up after the gradients of its own operations, but not after a custom one.
    return { value, gradFunc: (dy: Tensor, own: Tensor[]) => tf.tidy(() => backward(dy, own)) };
  });
  return operation(...inputs);
}

/** The value as a constant: no gradient flows through it. */
export function stopGradient(x: Tensor): Tensor {
  return withGradient(
    [x],
    () => ({ value: tf.clone(x), saved: [] }),
    (dy) => [tf.zerosLike(dy)],
  );
}
