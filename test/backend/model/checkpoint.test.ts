// Loading and saving checkpoints in Hugging Face layout, and what each broken folder says.
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadCheckpoint, saveCheckpoint } from '../../../backend/model/checkpoint';
import { loadTokenizer } from '../../../backend/model/huggingface-tokenizer';
import { weightShapes } from '../../../backend/model/model-config';
import { openSafetensors, writeSafetensors } from '../../../backend/model/safetensors';

const models = join(import.meta.dirname, '../../golden/models');
const temporary: string[] = [];
afterAll(async () => {
  for (const folder of temporary) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'superrl-checkpoint-'));
  temporary.push(folder);
  return folder;
}

async function copyOf(model: string): Promise<string> {
  const folder = join(await newFolder(), 'model');
  await cp(join(models, model), folder, { recursive: true });
  return folder;
}

async function editConfig(folder: string, edit: (config: Record<string, unknown>) => void): Promise<void> {
  const file = join(folder, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8'));
  edit(config);
  await writeFile(file, JSON.stringify(config));
}

async function editTensors(
  folder: string,
  edit: (tensors: Map<string, { shape: readonly number[]; data: Float32Array }>) => void,
): Promise<void> {
  const source = await openSafetensors(join(folder, 'model.safetensors'));
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const name of source.entries.keys()) tensors.set(name, await source.read(name));
  await source.close();
  edit(tensors);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { dtype: 'float32' });
}

describe('loadCheckpoint', () => {
  it.each(['llama-tied', 'llama-untied-rope-llama3', 'qwen2-tied', 'qwen3-headdim32'])('loads %s', async (model) => {
    const { config, weights, eosIds } = await loadCheckpoint(join(models, model));
    expect(eosIds).toEqual([2]);
    expect([...weights.keys()]).toEqual([...weightShapes(config).keys()]);
    for (const { shape, data } of weights.values()) expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    const embedding = weights.get('model.embed_tokens.weight')?.data ?? new Float32Array();
    expect(embedding.some((value) => value !== 0)).toBe(true);
  });

  it('reads rope_parameters and the older rope_theta with rope_scaling alike', async () => {
    const expected = (await loadCheckpoint(join(models, 'llama-untied-rope-llama3'))).config;
    expect(expected.ropeScaling).toEqual({
      type: 'llama3',
      factor: 8,
      lowFreqFactor: 1,
      highFreqFactor: 4,
      originalContext: 64,
    });
    const folder = await copyOf('llama-untied-rope-llama3');
    await editConfig(folder, (config) => {
      const { rope_theta, ...scaling } = config.rope_parameters as Record<string, unknown>;
      delete config.rope_parameters;
      config.rope_theta = rope_theta;
      config.rope_scaling = scaling;
    });
    expect((await loadCheckpoint(folder)).config).toEqual(expected);
  });

  it('widens bfloat16 exactly', async () => {
    const wide = await loadCheckpoint(join(models, 'qwen2-tied'));
    const half = await loadCheckpoint(join(models, 'qwen2-tied-bf16'));
    const name = 'model.layers.1.mlp.down_proj.weight';
    const exact = wide.weights.get(name)!.data;
    const rounded = half.weights.get(name)!.data;
    let largest = 0;
    for (let i = 0; i < exact.length; i++) {
      largest = Math.max(largest, Math.abs(exact[i]! - rounded[i]!) / (Math.abs(exact[i]!) + 1e-30));
    }
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThanOrEqual(2 ** -8);
    expect(new Uint32Array(rounded.buffer).every((bits) => (bits & 0xffff) === 0)).toBe(true);
  });

  it('reads shards by their index', async () => {
    const folder = await copyOf('llama-tied');
    const whole = await loadCheckpoint(folder);
    const names = [...whole.weights.keys()];
    const map: Record<string, string> = {};
    for (const [shard, from, to] of [
      ['a.safetensors', 0, 5],
      ['b.safetensors', 5, names.length],
    ] as const) {
      const part = names.slice(from, to);
      for (const name of part) map[name] = shard;
      await writeSafetensors(
        join(folder, shard),
        part.map((name) => [name, whole.weights.get(name)!] as const),
        { dtype: 'float32' },
      );
    }
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
    expect((await loadCheckpoint(folder)).weights).toEqual(whole.weights);
    await rm(join(folder, 'b.safetensors'));
    await expect(loadCheckpoint(folder)).rejects.toThrow(
      'the shard b.safetensors that it names is missing; download it too.',
    );
  });

  it('ignores the stored copy of a tied head', async () => {
    const folder = await copyOf('llama-tied');
    await editTensors(folder, (tensors) => tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!));
    expect((await loadCheckpoint(folder)).weights.has('lm_head.weight')).toBe(false);
  });
});

describe('errors of loadCheckpoint', () => {
  const configErrors: [string, (config: Record<string, unknown>) => void, string][] = [
    ['another architecture', (c) => (c.model_type = 'gemma3'), 'model type "gemma3" is not supported'],
    ['no model_type', (c) => delete c.model_type, '"model_type" is missing'],
    ['no hidden_size', (c) => delete c.hidden_size, '"hidden_size" is missing or wrong'],
    ['yarn', (c) => (c.rope_parameters = { rope_type: 'yarn', rope_theta: 1e6 }), 'rope type "yarn" is not supported'],
    [
      'older linear',
      (c) => Object.assign(c, { rope_parameters: undefined, rope_scaling: { type: 'linear' } }),
      'rope type "linear" is not supported',
    ],
    [
      'half a llama3',
      (c) => (c.rope_parameters = { rope_type: 'llama3', factor: 8 }),
      'rope type "llama3" needs factor',
    ],
    [
      'partial rotary',
      (c) => (c.rope_parameters = { partial_rotary_factor: 0.5 }),
      'partial_rotary_factor 0.5 is not supported',
    ],
    ['sliding window', (c) => (c.use_sliding_window = true), 'sliding-window attention is not supported'],
    [
      'sliding layer',
      (c) => (c.layer_types = ['full_attention', 'sliding_attention']),
      'layer type "sliding_attention" is not supported',
    ],
    ['gelu', (c) => (c.hidden_act = 'gelu'), 'hidden_act "gelu" is not supported'],
    ['attention bias', (c) => (c.attention_bias = true), 'attention_bias is not supported for llama'],
    ['mlp bias', (c) => (c.mlp_bias = true), 'mlp_bias is not supported'],
    ['quantised', (c) => (c.quantization_config = { quant_method: 'awq' }), 'the checkpoint is quantised'],
    [
      'odd groups',
      (c) => (c.num_key_value_heads = 3),
      'num_attention_heads 4 is not a multiple of num_key_value_heads 3',
    ],
    ['odd head', (c) => (c.head_dim = 15), 'the head dimension 15 must be an even whole number'],
    ['wrong shape', (c) => (c.intermediate_size = 128), 'has shape [176, 64] but config.json means [128, 64]'],
    [
      'more layers',
      (c) => (c.num_hidden_layers = 3),
      'tensor model.layers.2.input_layernorm.weight is missing: the download is incomplete',
    ],
    ['fewer layers', (c) => (c.num_hidden_layers = 1), 'and 8 more is not part of a llama model'],
    [
      'untied',
      (c) => (c.tie_word_embeddings = false),
      'tensor lm_head.weight is missing: set "tie_word_embeddings": true',
    ],
  ];
  it.each(configErrors)('%s', async (_, edit, message) => {
    const folder = await copyOf('llama-tied');
    await editConfig(folder, edit);
    await expect(loadCheckpoint(folder)).rejects.toThrow(message);
  });

  it('missing files', async () => {
    const folder = await copyOf('llama-tied');
    await expect(loadCheckpoint(join(folder, 'none'))).rejects.toThrow('there is no such model folder');
    await expect(loadCheckpoint(join(folder, 'config.json'))).rejects.toThrow('this is a file; a model is a folder');
    await rm(join(folder, 'model.safetensors'));
    await expect(loadCheckpoint(folder)).rejects.toThrow(
      'there is no model.safetensors and no model.safetensors.index.json',
    );
    await rm(join(folder, 'config.json'));
    await expect(loadCheckpoint(folder)).rejects.toThrow('there is no config.json in this folder');
    await writeFile(join(folder, 'config.json'), '{');
    await expect(loadCheckpoint(folder)).rejects.toThrow('cannot be read as JSON');
    await expect(loadTokenizer(join(folder, 'none'))).rejects.toThrow('there is no tokenizer.json in this folder');
  });

  it('truncated weights', async () => {
    const folder = await copyOf('llama-tied');
    const file = join(folder, 'model.safetensors');
    await truncate(file, 200_000);
    await expect(loadCheckpoint(folder)).rejects.toThrow(/ends at byte \d+ but the file at 200000/);
    await truncate(file, 100);
    await expect(loadCheckpoint(folder)).rejects.toThrow('it ends inside its header');
    await truncate(file, 3);
    await expect(loadCheckpoint(folder)).rejects.toThrow('it has only 3 bytes');
  });

  it('other element types', async () => {
    const folder = await copyOf('llama-tied');
    const file = join(folder, 'model.safetensors');
    const bytes = await readFile(file);
    const at = bytes.indexOf('"F32"');
    bytes.write('"I32"', at);
    await writeFile(file, bytes);
    await expect(loadCheckpoint(folder)).rejects.toThrow('is stored as I32; F32, F16 and BF16 can be read');
  });
});

describe('saveCheckpoint', () => {
  it.each(['llama-untied-rope-llama3', 'qwen2-tied', 'qwen3-headdim32'])('round-trips %s', async (model) => {
    const source = join(models, model);
    const loaded = await loadCheckpoint(source);
    const tokenizer = await loadTokenizer(source);
    const folder = join(await newFolder(), 'saved');
    await saveCheckpoint(folder, { ...loaded, tokenizer });
    expect(await loadCheckpoint(folder)).toEqual(loaded);
    const again = await loadTokenizer(folder);
    expect(again.eosIds).toEqual(tokenizer.eosIds);
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const options = { addGenerationPrompt: true };
    expect(again.renderChat(messages, options)).toBe(tokenizer.renderChat(messages, options));
  });

  it('rounds to bfloat16 on request', async () => {
    const source = join(models, 'qwen2-tied');
    const folder = join(await newFolder(), 'saved');
    await saveCheckpoint(
      folder,
      { ...(await loadCheckpoint(source)), tokenizer: await loadTokenizer(source) },
      { dtype: 'bfloat16' },
    );
    const reference = await loadCheckpoint(join(models, 'qwen2-tied-bf16'));
    expect((await loadCheckpoint(folder)).weights).toEqual(reference.weights);
  });

  it('says when it cannot write', async () => {
    const source = join(models, 'llama-tied');
    const loaded = { ...(await loadCheckpoint(source)), tokenizer: await loadTokenizer(source) };
    const file = join(await newFolder(), 'file');
    await writeFile(file, '');
    await expect(saveCheckpoint(join(file, 'in'), loaded)).rejects.toThrow('cannot write the checkpoint');
  });
});
