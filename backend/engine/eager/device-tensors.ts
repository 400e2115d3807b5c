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
      return [name, variableOf(tf.tensor(Float32Array.from(data), [...shape]), trainable)];
    }),
  );
}

/** A variable that takes the tensor over: else its memory would stay when the variable is assigned. */
export function variableOf(initial: Tensor, trainable: boolean): tf.Variable {
  const variable = tf.variable(initial, trainable);
  initial.dispose();
  return variable;
}
