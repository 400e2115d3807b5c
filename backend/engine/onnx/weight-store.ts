// The engine's tensors as arrays of this process and as feeds of its graphs: the model's weights, under LoRA the
// adapters beside a frozen base, and the reference weights that KL is measured against.
import { Tensor as OrtTensor } from 'onnxruntime-node';
import { type ModelConfig, weightShapes } from '../../model/model-config';
import type { NamedTensor, NamedTensors } from '../../model/named-tensors';
import { SuperRlError } from '../../protocol/errors';
import type { EngineOptions } from '../engine';
import { adapterNames, adapterShapes, checkAdapters, initialAdapters } from '../lora';
import { checkWeights } from '../model-weights';
import { DeviceWeights, type Feeds } from './device-weights';
import { mergeAdapters } from './merge-adapters';
import type { OnnxProvider } from './provider';
import type { WeightLayout } from './traced-batch';

/** What a graph is traced with and fed with. */
export interface FedLayout {
  readonly layout: WeightLayout;
  /** The weights by name: arrays of this process, or tensors on the GPU. */
  feeds(): Promise<Feeds>;
}

export class WeightStore {
  readonly policy: FedLayout;
  /** Shapes of what is trained, by name. */
  readonly trainableShapes: ReadonlyMap<string, readonly number[]>;
  private readonly tensors: NamedTensors;
  private readonly keptReference: FedLayout | undefined;
  private readonly device: readonly DeviceWeights[];
  private merged: NamedTensors | undefined;

  /** Owns the weights' arrays from here on and changes them in place. */
  constructor(
    private readonly config: ModelConfig,
    weights: NamedTensors,
    private readonly options: EngineOptions,
    provider: OnnxProvider,
  ) {
    checkWeights(config, weights);
    const { lora } = options;
    const adapters = adapterNames(config, lora);
    if (lora !== 'off' && adapters.size === 0) {
      throw new SuperRlError(
        'config',
        `None of lora.targets (${lora.targets.join(', ')}) is a projection of the model; ` +
          'name some of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj.',
      );
    }
    this.trainableShapes = lora === 'off' ? weightShapes(config) : adapterShapes(config, lora);
    this.tensors = new Map([...weights, ...initialAdapters(config, options)]);
    const shapes = shapesOf(this.tensors);
    const trainable = new Set(this.trainableShapes.keys());
    const device: DeviceWeights[] = [];
    const fed = (layout: WeightLayout, tensors: NamedTensors): FedLayout => {
      const feeds = feedsOf(tensors);
      if (provider === 'cpu') return { layout, feeds: async () => feeds };
      const onDevice = new DeviceWeights(feeds, provider);
      device.push(onDevice);
      return { layout, feeds: () => onDevice.feeds() };
    };
    this.device = device;
    this.policy = fed({ config, provider, shapes, adapters, trainable }, this.tensors);
    if (!options.keepReference) return;
    // Under LoRA the frozen base is the reference, and no copy is needed.
    const kept = lora === 'off' ? copiesOf(weights) : weights;
    const reference = { shapes: shapesOf(weights), adapters: new Map(), trainable: new Set<string>() };
    this.keptReference = fed({ config, provider, ...reference }, kept);
  }

  get reference(): FedLayout {
    if (this.keptReference !== undefined) return this.keptReference;
    throw new SuperRlError('internal', 'The engine keeps no reference weights (keepReference).');
  }

  /** The arrays of what is trained, not copies. Call `changed` after changing them. */
  get trainable(): ReadonlyMap<string, Float32Array> {
    return new Map([...this.trainableShapes.keys()].map((name) => [name, this.tensor(name).data]));
  }

  changed(): void {
    this.merged = undefined;
    for (const weights of this.device) weights.changed();
  }

  async dispose(): Promise<void> {
    for (const weights of this.device) await weights.dispose();
  }

  /** Copies of what is trained. */
  read(): NamedTensors {
    return copiesOf(new Map([...this.trainableShapes.keys()].map((name) => [name, this.tensor(name)])));
  }

  write(tensors: NamedTensors): void {
    if (this.options.lora === 'off') checkWeights(this.config, tensors);
    else checkAdapters(this.trainableShapes, tensors);
    for (const [name, { data }] of tensors) this.tensor(name).data.set(data);
    this.changed();
  }

  /** All weights by Hugging Face name, adapters merged: the engine's own arrays, to be read only. */
  async mergedWeights(threads: number): Promise<NamedTensors> {
    if (this.merged === undefined) {
      const adapted = await mergeAdapters(this.policy.layout.adapters, this.tensors, threads);
      const names = [...weightShapes(this.config).keys()];
      this.merged = new Map(names.map((name) => [name, adapted.get(name) ?? this.tensor(name)]));
    }
    return this.merged;
  }

  private tensor(name: string): NamedTensor {
    const tensor = this.tensors.get(name);
    if (tensor === undefined) throw new Error(`The tensor ${name} is not loaded.`);
    return tensor;
  }
}

/** Copies, by name. */
export function copiesOf(tensors: NamedTensors): NamedTensors {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
}

function shapesOf(tensors: NamedTensors): ReadonlyMap<string, readonly number[]> {
  return new Map([...tensors].map(([name, { shape }]) => [name, shape]));
}

function feedsOf(tensors: NamedTensors): Feeds {
  return Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [name, new OrtTensor('float32', data, shape)]),
  );
}
