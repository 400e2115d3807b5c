// A model from a GGUF file: metadata to config, weights to float32 under Hugging Face names, the tokenizer inside.
import { z } from 'zod';
import { SuperRlError } from '../protocol/errors';
import { type GgufFile, type GgufValue, openGguf } from './gguf-file';
import { deinterleaveRows, ggufName, interleavedHeads } from './gguf-names';
import { readGgufTokenizer } from './gguf-tokenizer';
import { type ModelConfig, weightShapes } from './model-config';
import type { NamedTensor, NamedTensors } from './named-tensors';
import { findRopeScaling } from './rope-frequencies';
import type { Tokenizer } from './tokenizer';

const architectures = ['llama', 'qwen2', 'qwen3'] as const;
const ropeFactors = 'rope_freqs.weight';

export interface GgufModel {
  readonly config: ModelConfig;
  readonly weights: NamedTensors;
  readonly tokenizer: Tokenizer;
  /** Formats of the stored tensors, such as ["Q8_0", "Q4_1", "F32"]. */
  readonly formats: readonly string[];
}

/** Loads a whole file; peak memory is the float32 weights, the tokenizer and some MiB. */
export async function loadGguf(file: string): Promise<GgufModel> {
  const gguf = await openGguf(file);
  try {
    const tokenizer = readGgufTokenizer(gguf.metadata, file);
    const { config, weights } = await readGgufWeights(gguf);
    const formats = [...new Set([...gguf.tensors.values()].map((tensor) => tensor.format.name))];
    return { config, weights, tokenizer, formats };
  } finally {
    await gguf.close();
  }
}

/** Configuration and weights of an open file, tensor by tensor; peak memory is the float32 weights and some MiB. */
export async function readGgufWeights(gguf: GgufFile): Promise<Pick<GgufModel, 'config' | 'weights'>> {
  const config = await readConfig(gguf);
  const shapes = weightShapes(config);
  for (const [name, shape] of shapes) checkTensor(gguf, ggufName(name), shape);
  refuseExtraTensors(gguf, shapes);
  const weights = new Map<string, NamedTensor>();
  for (const [name, shape] of shapes) {
    const { data } = await gguf.read(ggufName(name));
    const heads = interleavedHeads(name, config);
    weights.set(name, { shape, data: heads === undefined ? data : deinterleaveRows(data, heads, shape[0] ?? 0) });
  }
  return { config, weights };
}

function checkTensor(gguf: GgufFile, name: string, shape: readonly number[]): void {
  const info = gguf.tensors.get(name);
  if (info === undefined) {
    throw new SuperRlError('model', `tensor ${name} is missing; download or convert the model again.`, {
      place: { file: gguf.file },
    });
  }
  if (info.shape.join() !== shape.join()) {
    throw new SuperRlError(
      'model',
      `tensor ${name} has shape [${info.shape.join(', ')}] but the metadata means [${shape.join(', ')}].`,
      { place: { file: gguf.file } },
    );
  }
}

function refuseExtraTensors(gguf: GgufFile, shapes: ReadonlyMap<string, readonly number[]>): void {
  const known = new Set([...shapes.keys()].map(ggufName)).add(ropeFactors);
  const extra = [...gguf.tensors.keys()].filter((name) => !known.has(name));
  if (extra.length === 0) return;
  const more = extra.length > 1 ? ` and ${extra.length - 1} more` : '';
  throw new SuperRlError(
    'unsupported',
    `tensor ${extra[0]}${more} is not part of a Llama, Qwen2 or Qwen3 model; choose another model.`,
    { place: { file: gguf.file } },
  );
}

async function readConfig(gguf: GgufFile): Promise<ModelConfig> {
  const { file, metadata } = gguf;
  const architecture = architectures.find((name) => name === metadata.get('general.architecture'));
  if (architecture === undefined) {
    throw new SuperRlError(
      'unsupported',
      `architecture "${String(metadata.get('general.architecture'))}" is not supported; ${architectures.join(', ')} are. Choose another model.`,
      { place: { file } },
    );
  }
  const values = parseValues(metadata, architecture, file);
  const embedding = gguf.tensors.get('token_embd.weight');
  if (embedding === undefined) {
    throw new SuperRlError('model', 'tensor token_embd.weight is missing; download or convert the model again.', {
      place: { file },
    });
  }
  const heads = values['attention.head_count'];
  const headDim = values['attention.key_length'] ?? values['rope.dimension_count'] ?? values.embedding_length / heads;
  const rope = { headDim, ropeTheta: roundedFloat(values['rope.freq_base']) };
  return {
    architecture,
    vocabularySize: embedding.shape[0] ?? 0,
    hiddenSize: values.embedding_length,
    layers: values.block_count,
    heads,
    kvHeads: values['attention.head_count_kv'] ?? heads,
    ...rope,
    intermediateSize: values.feed_forward_length,
    contextLength: values.context_length,
    rmsNormEpsilon: roundedFloat(values['attention.layer_norm_rms_epsilon']),
    ropeScaling: await readRopeScaling(gguf, rope),
    tiedEmbeddings: !gguf.tensors.has('output.weight'),
    qkvBias: architecture === 'qwen2',
    qkNorm: architecture === 'qwen3',
  };
}

const positive = z.int().positive();
const valuesSchema = z.object({
  block_count: positive,
  context_length: positive,
  embedding_length: positive,
  feed_forward_length: positive,
  'attention.head_count': positive,
  'attention.head_count_kv': positive.optional(),
  'attention.key_length': positive.optional(),
  'attention.layer_norm_rms_epsilon': z.number().positive(),
  'rope.dimension_count': positive.optional(),
  'rope.freq_base': z.number().positive().default(10000),
  'rope.scaling.type': z.string().default('none'),
  expert_count: z.int().default(0),
});

/** The metadata under the architecture's prefix. */
function parseValues(metadata: ReadonlyMap<string, GgufValue>, architecture: string, file: string) {
  const own = [...metadata].flatMap(([key, value]) =>
    key.startsWith(`${architecture}.`) ? [[key.slice(architecture.length + 1), value] as const] : [],
  );
  const parsed = valuesSchema.safeParse(Object.fromEntries(own));
  if (!parsed.success) {
    const key = `${architecture}.${parsed.error.issues[0]?.path.join('.')}`;
    throw new SuperRlError('model', `the metadata ${key} is missing or wrong; convert the model again.`, {
      place: { file },
    });
  }
  if (parsed.data.expert_count > 0) {
    throw new SuperRlError('unsupported', 'mixtures of experts are not supported; choose a dense model.', {
      place: { file },
    });
  }
  const scaling = parsed.data['rope.scaling.type'];
  if (scaling !== 'none') {
    throw new SuperRlError('unsupported', `rope scaling "${scaling}" is not supported; choose another model.`, {
      place: { file },
    });
  }
  return parsed.data;
}

/** The decimal that a float32 was made from, as long as it has at most 7 digits: 9.99999975e-6 → 1e-5. */
function roundedFloat(value: number): number {
  const rounded = Number(value.toPrecision(7));
  return Math.fround(rounded) === Math.fround(value) ? rounded : value;
}

async function readRopeScaling(gguf: GgufFile, rope: { headDim: number; ropeTheta: number }) {
  if (!gguf.tensors.has(ropeFactors)) return undefined;
  const { data } = await gguf.read(ropeFactors);
  const scaling = findRopeScaling(rope, data);
  if (scaling === undefined) {
    throw new SuperRlError(
      'unsupported',
      `${ropeFactors} is of no published Llama 3 model, and GGUF does not tell its parameters; use the model’s Hugging Face folder.`,
      { place: { file: gguf.file } },
    );
  }
  return scaling;
}
