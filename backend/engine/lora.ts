// Low-rank adapters (LoRA, arXiv 2106.09685): y = x·Wᵀ + (alpha / rank)·(x·Aᵀ)·Bᵀ with W frozen. Names, shapes and
// initialisation are those of Hugging Face PEFT, so that its files and ours are the same.
import { uniformStream } from '../method/random';
import { type ModelConfig, weightShapes } from '../model/model-config';
import type { NamedTensor, NamedTensors } from '../model/named-tensors';
import { adapterTensorName } from '../model/peft';
import { SuperRlError } from '../protocol/errors';
import type { EngineOptions } from './engine';

export type LoraSettings = Exclude<EngineOptions['lora'], 'off'>;

/** Where an adapter's two matrices are among the tensors. */
export interface AdapterNames {
  /** [rank, in] */
  readonly a: string;
  /** [out, rank] */
  readonly b: string;
  readonly scale: number;
}

/** Names of the adapters' tensors by the name of the adapted weight, in the order of the layers. */
export function adapterNames(config: ModelConfig, lora: EngineOptions['lora']): Map<string, AdapterNames> {
  if (lora === 'off') return new Map();
  const scale = lora.alpha / lora.rank;
  const adapted = [...weightShapes(config).keys()].flatMap((name): [string, AdapterNames][] => {
    const module = name.replace(/\.weight$/, '');
    if (module === name || !lora.targets.some((target) => module.endsWith(`.${target}`))) return [];
    return [[name, { a: adapterTensorName(module, 'A'), b: adapterTensorName(module, 'B'), scale }]];
  });
  return new Map(adapted);
}

/** Shapes of the adapters' tensors by their names. */
export function adapterShapes(config: ModelConfig, lora: EngineOptions['lora']): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  if (lora === 'off') return shapes;
  const weights = weightShapes(config);
  for (const [name, { a, b }] of adapterNames(config, lora)) {
    const [output = 0, input = 0] = weights.get(name) ?? [];
    shapes.set(a, [lora.rank, input]);
    shapes.set(b, [output, lora.rank]);
  }
  return shapes;
}

/** A uniform within ±1/√in, B zero: an adapter that changes nothing yet. */
export function initialAdapters(config: ModelConfig, { lora, seed }: Pick<EngineOptions, 'lora' | 'seed'>) {
  const tensors = new Map<string, NamedTensor>();
  const names = adapterNames(config, lora);
  const shapes = adapterShapes(config, lora);
  for (const { a, b } of names.values()) {
    const shapeOfA = shapes.get(a) ?? [];
    const bound = 1 / Math.sqrt(shapeOfA[1] ?? 1);
    const uniform = uniformStream(seed, 'init', a);
    const size = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: size(shapeOfA) }, (_, index) => bound * (2 * uniform(index) - 1));
    tensors.set(a, { shape: shapeOfA, data: values });
    const shapeOfB = shapes.get(b) ?? [];
    tensors.set(b, { shape: shapeOfB, data: new Float32Array(size(shapeOfB)) });
  }
  return tensors;
}

/** Throws a `checkpoint` error that names the first tensor that is missing, unknown or of another shape. */
export function checkAdapters(shapes: ReadonlyMap<string, readonly number[]>, adapters: NamedTensors): void {
  for (const [name, shape] of shapes) {
    const found = adapters.get(name)?.shape;
    if (found?.join() === shape.join()) continue;
    throw new SuperRlError(
      'checkpoint',
      `The adapter tensor ${name} ${found === undefined ? 'is missing' : `has shape [${found.join(', ')}]`}; ` +
        `lora.rank and lora.targets mean it to be [${shape.join(', ')}]. Give the settings that it was trained with.`,
    );
  }
  for (const name of adapters.keys()) {
    if (shapes.has(name)) continue;
    throw new SuperRlError(
      'checkpoint',
      `The adapter tensor ${name} belongs to no projection of lora.targets. Give the settings it was trained with.`,
    );
  }
}
