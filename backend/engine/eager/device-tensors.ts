// Between named arrays and tensors of a tfjs backend.
import type { NamedTensors } from '../../model/named-tensors';
import { type Tensor, tf } from '../tensor/tfjs';

/** Copies of the numbers, by name. */
export function readTensors(tensors: ReadonlyMap<string, Tensor>): NamedTensors {
  return new Map(
    [...tensors].map(([name, tensor]) => [
      name,
      { shape: [...tensor.shape], data: Float32Array.from(tensor.dataSync()) },
    ]),
  );
}

/** Trainable variables, or constants, that hold copies of the arrays. */
export function variables(tensors: NamedTensors, trainable: boolean): Map<string, tf.Variable> {
  return new Map(
    [...tensors].map(([name, { shape, data }]) => {
      const copy = tf.tensor(Float32Array.from(data), [...shape]);
      const variable = tf.variable(copy, trainable);
      copy.dispose(); // else its memory stays when the variable is assigned
      return [name, variable];
    }),
  );
}
