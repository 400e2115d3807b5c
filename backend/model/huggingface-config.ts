// config.json of Hugging Face to and from ModelConfig: transformers 5 (`rope_parameters`) and 4 (`rope_theta`,
// `rope_scaling`). What our decoder does not compute is refused by name, never ignored. Defaults of absent keys
// are those of transformers' LlamaConfig, Qwen2Config and Qwen3Config.
import { z } from 'zod';
import { SuperRlError } from '../protocol/errors';
import type { ModelConfig, RopeScaling } from './model-config';

const positive = z.int().positive();
const rope = z
  .object({
    rope_type: z.string().optional(),
    type: z.string().optional(),
    rope_theta: z.number().positive().optional(),
    partial_rotary_factor: z.number().optional(),
    factor: z.number().positive().optional(),
    low_freq_factor: z.number().positive().optional(),
    high_freq_factor: z.number().positive().optional(),
    original_max_position_embeddings: positive.optional(),
  })
  .nullish();

const configSchema = z.object({
  model_type: z.string(),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  hidden_act: z.string().default('silu'),
  max_position_embeddings: positive.optional(),
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: rope,
  rope_parameters: rope,
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  use_sliding_window: z.boolean().default(false),
  layer_types: z.array(z.string()).nullish(),
  quantization_config: z.unknown().optional(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  pad_token_id: z.int().nullish(),
});
type HuggingFaceConfig = z.output<typeof configSchema>;

const architectures = {
  llama: { class: 'LlamaForCausalLM', context: 2048 },
  qwen2: { class: 'Qwen2ForCausalLM', context: 32768 },
  qwen3: { class: 'Qwen3ForCausalLM', context: 32768 },
} as const;

/** Model config of a parsed config.json; `file` is named in errors. */
export function parseHuggingFaceConfig(json: unknown, file: string): ModelConfig {
  const refuse = (message: string) => new SuperRlError('unsupported', message, { place: { file } });
  const type = z.object({ model_type: z.string() }).safeParse(json).data?.model_type;
  if (type === undefined) {
    throw new SuperRlError('model', '"model_type" is missing; this is not a model’s config.json.', { place: { file } });
  }
  if (!isArchitecture(type)) {
    throw refuse(
      `model type "${type}" is not supported; Llama, Qwen2, Qwen3 and SmolLM2 (a Llama) are. Choose such a checkpoint.`,
    );
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SuperRlError(
      'model',
      `"${issue?.path.join('.')}" is missing or wrong (${issue?.message}). Compare it with the checkpoint’s source.`,
      { place: { file } },
    );
  }
  const config = parsed.data;
  refuseUnsupported(config, refuse);
  const heads = config.num_attention_heads;
  const kvHeads = config.num_key_value_heads ?? heads;
  if (heads % kvHeads !== 0) {
    throw refuse(`num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}.`);
  }
  const headDim = config.head_dim ?? (type === 'qwen3' ? 128 : config.hidden_size / heads);
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw refuse(`the head dimension ${headDim} must be an even whole number (hidden_size / num_attention_heads).`);
  }
  return {
    architecture: type,
    vocabularySize: config.vocab_size,
    hiddenSize: config.hidden_size,
    layers: config.num_hidden_layers,
    heads,
    kvHeads,
    headDim,
    intermediateSize: config.intermediate_size,
    contextLength: config.max_position_embeddings ?? architectures[type].context,
    rmsNormEpsilon: config.rms_norm_eps,
    ropeTheta: config.rope_parameters?.rope_theta ?? config.rope_theta ?? 10000,
    ropeScaling: ropeScaling(config, file),
    tiedEmbeddings: config.tie_word_embeddings,
    qkvBias: type === 'qwen2',
    qkNorm: type === 'qwen3',
  };
}

/** EOS and padding ids of a config.json or generation_config.json; no ids where there are none. */
export function parseTokenIds(json: unknown): { eosIds: number[]; padId: number | undefined } {
  const schema = configSchema.pick({ eos_token_id: true, pad_token_id: true });
  const { eos_token_id: eos, pad_token_id: pad } = schema.safeParse(json).data ?? {};
  return { eosIds: eos === null || eos === undefined ? [] : [eos].flat(), padId: pad ?? undefined };
}

function isArchitecture(type: string): type is ModelConfig['architecture'] {
  return Object.hasOwn(architectures, type);
}

function refuseUnsupported(config: HuggingFaceConfig, refuse: (message: string) => SuperRlError): void {
  if (config.quantization_config !== undefined && config.quantization_config !== null) {
    throw refuse('the checkpoint is quantised ("quantization_config"); choose its float version or a GGUF file.');
  }
  if (config.hidden_act !== 'silu') {
    throw refuse(`hidden_act "${config.hidden_act}" is not supported; only "silu" is. Choose another checkpoint.`);
  }
  if (config.attention_bias && config.model_type !== 'qwen2') {
    throw refuse(`attention_bias is not supported for ${config.model_type}; choose a checkpoint without it.`);
  }
  if (config.mlp_bias) throw refuse('mlp_bias is not supported; choose a checkpoint without it.');
  const sliding = config.layer_types?.find((type) => type !== 'full_attention');
  if (sliding !== undefined) {
    throw refuse(`layer type "${sliding}" is not supported; every layer must be "full_attention".`);
  }
  if (config.use_sliding_window) {
    throw refuse('sliding-window attention is not supported; choose a checkpoint with "use_sliding_window": false.');
  }
  const partial = config.rope_parameters?.partial_rotary_factor ?? config.rope_scaling?.partial_rotary_factor ?? 1;
  if (partial !== 1) throw refuse(`partial_rotary_factor ${partial} is not supported; it must be 1.`);
}

function ropeScaling(config: HuggingFaceConfig, file: string): RopeScaling | undefined {
  const scaling = config.rope_parameters ?? config.rope_scaling;
  if (scaling === null || scaling === undefined) return undefined;
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  if (type === 'default') return undefined;
  if (type !== 'llama3') {
    throw new SuperRlError(
      'unsupported',
      `rope type "${type}" is not supported; "default" and "llama3" are. Choose another checkpoint.`,
      { place: { file } },
    );
  }
  const { factor, low_freq_factor: low, high_freq_factor: high, original_max_position_embeddings: context } = scaling;
  if (factor === undefined || low === undefined || high === undefined || context === undefined) {
    throw new SuperRlError(
      'model',
      'rope type "llama3" needs factor, low_freq_factor, high_freq_factor and original_max_position_embeddings.',
      { place: { file } },
    );
  }
  return { type: 'llama3', factor, lowFreqFactor: low, highFreqFactor: high, originalContext: context };
}

/** config.json that transformers 4 and 5 open as it is. */
export function toHuggingFaceConfig(
  config: ModelConfig,
  options: { dtype: 'float32' | 'bfloat16'; eosIds: readonly number[]; padId: number },
): Record<string, unknown> {
  const { ropeScaling: scaling } = config;
  const parameters =
    scaling === undefined
      ? { rope_type: 'default' }
      : {
          rope_type: 'llama3',
          factor: scaling.factor,
          low_freq_factor: scaling.lowFreqFactor,
          high_freq_factor: scaling.highFreqFactor,
          original_max_position_embeddings: scaling.originalContext,
        };
  return {
    architectures: [architectures[config.architecture].class],
    model_type: config.architecture,
    dtype: options.dtype,
    torch_dtype: options.dtype,
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    max_position_embeddings: config.contextLength,
    rms_norm_eps: config.rmsNormEpsilon,
    rope_parameters: { ...parameters, rope_theta: config.ropeTheta },
    rope_theta: config.ropeTheta,
    ...(scaling === undefined ? {} : { rope_scaling: parameters }),
    tie_word_embeddings: config.tiedEmbeddings,
    bos_token_id: null,
    eos_token_id: tokenIdField(options.eosIds),
    pad_token_id: options.padId,
  };
}

/** generation_config.json: where generation ends. */
export function toGenerationConfig(options: { eosIds: readonly number[]; padId: number }): Record<string, unknown> {
  return { eos_token_id: tokenIdField(options.eosIds), pad_token_id: options.padId };
}

function tokenIdField(ids: readonly number[]): number | readonly number[] | null {
  return ids.length === 1 ? (ids[0] ?? null) : ids.length === 0 ? null : ids;
}
