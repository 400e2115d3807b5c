// AdamW (Loshchilov & Hutter 2019, as torch.optim.AdamW) on tfjs tensors, for engines whose weights stay on a device.
// Weight decay is decoupled and applies to matrices only. The gradient's norm is added up in float64.
import type { NamedTensors } from '../../model/named-tensors';
import { SuperRlError } from '../../protocol/errors';
import type { OptimizerSettings, OptimizerState, UpdateResult } from '../engine';
import { type Tensor, tf } from '../tensor/tfjs';
import { readTensors, variableOf } from './device-tensors';

export class EagerAdamW {
  private first = new Map<string, tf.Variable>();
  private second = new Map<string, tf.Variable>();
  private updates = 0;

  constructor(private readonly weights: ReadonlyMap<string, tf.Variable>) {}

  /** One step; a gradient with NaN or Infinity changes nothing. A weight without a gradient has a zero one. */
  update(gradients: ReadonlyMap<string, Tensor>, settings: OptimizerSettings): UpdateResult {
    const gradNorm = gradientNorm(gradients);
    if (!Number.isFinite(gradNorm)) return { gradNorm, applied: false };
    // torch.nn.utils.clip_grad_norm_
    const scale = settings.clipNorm === null ? 1 : Math.min(1, settings.clipNorm / (gradNorm + 1e-6));
    const { beta1, beta2, epsilon, learningRate, weightDecay } = settings;
    this.updates++;
    const stepSize = learningRate / (1 - beta1 ** this.updates);
    const secondCorrection = 1 / Math.sqrt(1 - beta2 ** this.updates);
    for (const [name, weight] of this.weights) {
      tf.tidy(() => {
        const gradient = tf.mul(gradients.get(name) ?? tf.zerosLike(weight), scale);
        const first = this.moment(this.first, name);
        const second = this.moment(this.second, name);
        first.assign(tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1)));
        second.assign(tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
        const size = tf.add(tf.mul(tf.sqrt(second), secondCorrection), epsilon);
        const keep = weight.rank > 1 ? 1 - learningRate * weightDecay : 1;
        weight.assign(tf.sub(tf.mul(weight, keep), tf.mul(tf.div(first, size), stepSize)));
      });
    }
    return { gradNorm, applied: true };
  }

  reset(): void {
    for (const moment of [...this.first.values(), ...this.second.values()]) moment.dispose();
    this.first = new Map();
    this.second = new Map();
    this.updates = 0;
  }

  read(): OptimizerState {
    for (const name of this.weights.keys()) {
      this.moment(this.first, name);
      this.moment(this.second, name);
    }
    return { first: readTensors(this.first), second: readTensors(this.second), updates: this.updates };
  }

  write(state: OptimizerState): void {
    for (const [moments, values] of [
      [this.first, state.first],
      [this.second, state.second],
    ] as const) {
      for (const name of this.weights.keys()) this.moment(moments, name).assign(momentOf(values, name));
    }
    this.updates = state.updates;
  }

  private moment(moments: Map<string, tf.Variable>, name: string): tf.Variable {
    let moment = moments.get(name);
    if (moment === undefined) {
      const weight = this.weights.get(name);
      if (weight === undefined) throw new Error(`The weight ${name} is not loaded.`);
      moment = variableOf(tf.zerosLike(weight), false);
      moments.set(name, moment);
    }
    return moment;
  }
}

function gradientNorm(gradients: ReadonlyMap<string, Tensor>): number {
  let total = 0;
  for (const gradient of gradients.values()) {
    total += tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0] ?? 0);
  }
  return Math.sqrt(total);
}

function momentOf(moments: NamedTensors, name: string): Tensor {
  const moment = moments.get(name);
  if (moment === undefined) {
    throw new SuperRlError('checkpoint', `The optimiser state has no moment of ${name}; it is of another model.`);
  }
  return tf.tensor(moment.data, [...moment.shape]);
}
