// Picks rows of a matrix by index. Its gradient is a gather by the inverse index instead of a scatter, which is
// deterministic, runs in parallel and needs no atomic additions. Padding entries of the index get no gradient.
import { at, withGradient } from './fused-op';
import { type Tensor, tf } from './tfjs';

/** Which rows are picked, and where each row went. */
export interface RowSelection {
  /** int32 [picked] */
  readonly index: Tensor;
  /** int32 [rows]: the place of each row among the picked ones; `picked` for a row that is not picked. */
  readonly inverse: Tensor;
}

/**
 * @param x [rows, size]
 * @returns [picked, size]
 */
export function selectRows(x: Tensor, selection: RowSelection): Tensor {
  const size = x.shape[1] ?? 0;
  return withGradient(
    [x],
    () => ({ value: tf.gather(x, selection.index), saved: [selection.inverse] }),
    (dy, saved) => [tf.gather(tf.concat([dy, tf.zeros([1, size])], 0), at(saved, 0))],
  );
}
