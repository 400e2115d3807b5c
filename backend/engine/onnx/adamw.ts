// AdamW (Loshchilov & Hutter 2019, as torch.optim.AdamW) on plain arrays: weights and moments change in place.
// Arithmetic is float64, storage float32. Weight decay is decoupled and applies to matrices only.
import type { NamedTensors } from '../../model/named-tensors';
import { SuperRlError } from '../../protocol/errors';
import type { OptimizerSettings, OptimizerState, UpdateResult } from '../engine';
import { type AccumulatedGradient, elementCount } from './accumulated-gradient';

export class AdamW {
  private first = new Map<string, Float32Array>();
  private second = new Map<string, Float32Array>();
  private updates = 0;

  constructor(private readonly shapes: ReadonlyMap<string, readonly number[]>) {}

  /** One step; a gradient with NaN or Infinity changes nothing. */
  update(
    weights: ReadonlyMap<string, Float32Array>,
    gradient: AccumulatedGradient,
    settings: OptimizerSettings,
  ): UpdateResult {
    const gradNorm = gradient.norm();
    if (!Number.isFinite(gradNorm)) return { gradNorm, applied: false };
    // torch.nn.utils.clip_grad_norm_
    const scale = settings.clipNorm === null ? 1 : Math.min(1, settings.clipNorm / (gradNorm + 1e-6));
    this.updates++;
    const firstCorrection = 1 - settings.beta1 ** this.updates;
    const secondCorrection = Math.sqrt(1 - settings.beta2 ** this.updates);
    for (const [name, shape] of this.shapes) {
      const weight = weights.get(name);
      if (weight === undefined) throw new Error(`The weight ${name} is not loaded.`);
      adamwStep(weight, gradient.array(name), this.moment(this.first, name), this.moment(this.second, name), {
        scale,
        keep: shape.length > 1 ? 1 - settings.learningRate * settings.weightDecay : 1,
        stepSize: settings.learningRate / firstCorrection,
        secondCorrection,
        settings,
      });
    }
    return { gradNorm, applied: true };
  }

  reset(): void {
    this.first.clear();
    this.second.clear();
    this.updates = 0;
  }

  /** Copies. */
  read(): OptimizerState {
    const copy = (moments: Map<string, Float32Array>): NamedTensors =>
      new Map([...this.shapes].map(([name, shape]) => [name, { shape, data: this.moment(moments, name).slice() }]));
    return { first: copy(this.first), second: copy(this.second), updates: this.updates };
  }

  write(state: OptimizerState): void {
    const copy = (moments: NamedTensors) =>
      new Map([...this.shapes.keys()].map((name) => [name, momentOf(moments, name).slice()]));
    this.first = copy(state.first);
    this.second = copy(state.second);
    this.updates = state.updates;
  }

  private moment(moments: Map<string, Float32Array>, name: string): Float32Array {
    let moment = moments.get(name);
    if (moment === undefined) {
      moment = new Float32Array(elementCount(this.shapes.get(name) ?? []));
      moments.set(name, moment);
    }
    return moment;
  }
}

function momentOf(moments: NamedTensors, name: string): Float32Array {
  const moment = moments.get(name);
  if (moment === undefined) {
    throw new SuperRlError('checkpoint', `The optimiser state has no moment of ${name}; it is of another model.`);
  }
  return moment.data;
}

interface Step {
  /** Factor of the gradient (clipping). */
  readonly scale: number;
  /** Factor of the weight (decay). */
  readonly keep: number;
  readonly stepSize: number;
  readonly secondCorrection: number;
  readonly settings: OptimizerSettings;
}

function adamwStep(weight: Float32Array, gradient: Float32Array, m: Float32Array, v: Float32Array, step: Step): void {
  const { scale, keep, stepSize, secondCorrection } = step;
  const { beta1, beta2, epsilon } = step.settings;
  const rootScale = 1 / secondCorrection; // one division an entry less
  for (let index = 0; index < weight.length; index++) {
    const g = (gradient[index] as number) * scale;
    const first = beta1 * (m[index] as number) + (1 - beta1) * g;
    const second = beta2 * (v[index] as number) + (1 - beta2) * g * g;
    m[index] = first;
    v[index] = second;
    const direction = first / (Math.sqrt(second) * rootScale + epsilon);
    weight[index] = (weight[index] as number) * keep - stepSize * direction;
  }
}
