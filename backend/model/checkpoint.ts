// Checkpoints in Hugging Face layout: config.json, model.safetensors (or shards with an index), tokenizer files.
// Loading streams tensor by tensor into float32; what is saved opens in transformers as it is.
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SuperRlError } from '../protocol/errors';
import { parseHuggingFaceConfig, parseTokenIds, toGenerationConfig, toHuggingFaceConfig } from './huggingface-config';
import { type ModelConfig, weightShapes } from './model-config';
import type { NamedTensor, NamedTensors } from './named-tensors';
import { openSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors';
import type { Tokenizer } from './tokenizer';

export interface Checkpoint {
  readonly config: ModelConfig;
  /** float32, in the order of `weightShapes`. */
  readonly weights: NamedTensors;
  /** Where generation ends: of generation_config.json, else config.json; may be empty (then the tokenizer says). */
  readonly eosIds: readonly number[];
}

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';
const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Config of a folder, without its weights. */
export async function loadConfig(folder: string): Promise<{ config: ModelConfig; eosIds: readonly number[] }> {
  await requireFolder(folder);
  const file = join(folder, 'config.json');
  const json = await readJson(file);
  if (json === undefined) {
    throw new SuperRlError(
      'model',
      'there is no config.json in this folder; give a folder in Hugging Face layout or a .gguf file.',
      { place: { file: folder } },
    );
  }
  const config = parseHuggingFaceConfig(json, file);
  const generation = parseTokenIds(await readJson(join(folder, 'generation_config.json')));
  const eosIds = generation.eosIds.length > 0 ? generation.eosIds : parseTokenIds(json).eosIds;
  return { config, eosIds };
}

/** Loads config and weights; peak memory is the float32 weights and some MiB. */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const { config, eosIds } = await loadConfig(folder);
  const shards = await openShards(folder);
  try {
    const where = new Map<string, SafetensorsFile>();
    for (const shard of shards) for (const name of shard.entries.keys()) where.set(name, shard);
    const sources = new Map<string, SafetensorsFile>();
    for (const [name, shape] of weightShapes(config)) {
      const shard = where.get(name);
      if (shard === undefined) throw missingTensor(name, config, folder);
      const found = shard.entries.get(name)?.shape ?? [];
      if (found.join() !== shape.join()) {
        throw new SuperRlError(
          'model',
          `tensor ${name} has shape [${found.join(', ')}] but config.json means [${shape.join(', ')}]; config and weights are of different models.`,
          { place: { file: shard.file } },
        );
      }
      sources.set(name, shard);
    }
    refuseExtraTensors(where, config);
    const weights = new Map<string, NamedTensor>();
    for (const [name, shard] of sources) weights.set(name, await shard.read(name));
    return { config, weights, eosIds };
  } finally {
    for (const shard of shards) await shard.close();
  }
}

function missingTensor(name: string, config: ModelConfig, folder: string): SuperRlError {
  const hint =
    name === 'lm_head.weight' && !config.tiedEmbeddings
      ? 'set "tie_word_embeddings": true in config.json if the model has no output layer of its own'
      : 'the download is incomplete, or config.json is of another model';
  return new SuperRlError('model', `tensor ${name} is missing: ${hint}.`, { place: { file: folder } });
}

/** Tensors that files carry beside the weights: a stored copy of a tied head, and rotary tables of old exports. */
function isRedundant(name: string, config: ModelConfig): boolean {
  return (name === 'lm_head.weight' && config.tiedEmbeddings) || name.endsWith('.rotary_emb.inv_freq');
}

function refuseExtraTensors(where: ReadonlyMap<string, SafetensorsFile>, config: ModelConfig): void {
  const known = weightShapes(config);
  const extra = [...where.keys()].filter((name) => !known.has(name) && !isRedundant(name, config));
  const [first] = extra;
  if (first === undefined) return;
  const more = extra.length > 1 ? ` and ${extra.length - 1} more` : '';
  throw new SuperRlError(
    'unsupported',
    `tensor ${first}${more} is not part of a ${config.architecture} model as config.json describes it; merge adapters first, or fix config.json.`,
    { place: { file: where.get(first)?.file ?? singleFile } },
  );
}

async function openShards(folder: string): Promise<SafetensorsFile[]> {
  const indexPath = join(folder, indexFile);
  const index = await readJson(indexPath);
  if (index === undefined) {
    if (!(await exists(join(folder, singleFile)))) {
      throw new SuperRlError(
        'model',
        `there is no ${singleFile} and no ${indexFile} in this folder; PyTorch .bin weights must be saved as safetensors first.`,
        { place: { file: folder } },
      );
    }
    return [await openSafetensors(join(folder, singleFile))];
  }
  const map = indexSchema.safeParse(index);
  if (!map.success) {
    throw new SuperRlError('model', 'it has no "weight_map"; download it again.', { place: { file: indexPath } });
  }
  const shards: SafetensorsFile[] = [];
  try {
    for (const name of new Set(Object.values(map.data.weight_map))) {
      if (!(await exists(join(folder, name)))) {
        throw new SuperRlError('model', `the shard ${name} that it names is missing; download it too.`, {
          place: { file: indexPath },
        });
      }
      shards.push(await openSafetensors(join(folder, name)));
    }
  } catch (error) {
    for (const shard of shards) await shard.close();
    throw error;
  }
  return shards;
}

/**
 * Writes a checkpoint into `folder` (made when missing), each file flushed to the disk. Not atomic as a whole:
 * write to a new folder and rename it.
 */
export async function saveCheckpoint(
  folder: string,
  checkpoint: { config: ModelConfig; weights: NamedTensors; tokenizer: Tokenizer },
  options: { dtype?: 'float32' | 'bfloat16' } = {},
): Promise<void> {
  const { config, weights, tokenizer } = checkpoint;
  const dtype = options.dtype ?? 'float32';
  const ends = { eosIds: tokenizer.eosIds, padId: tokenizer.padId };
  const files = new Map(tokenizer.files());
  files.set('config.json', jsonText(toHuggingFaceConfig(config, { dtype, ...ends })));
  files.set('generation_config.json', jsonText(toGenerationConfig(ends)));
  const ordered = [...weightShapes(config).keys()].map((name): [string, NamedTensor] => {
    const tensor = weights.get(name);
    if (tensor === undefined) throw new SuperRlError('internal', `saveCheckpoint was given no ${name}.`);
    return [name, tensor];
  });
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, text] of files) await writeFlushed(join(folder, name), text);
  } catch (cause) {
    throw new SuperRlError(
      'storage',
      `cannot write the checkpoint (${errorText(cause)}). Free some space or choose another folder.`,
      { place: { file: folder }, cause },
    );
  }
  await writeSafetensors(join(folder, singleFile), ordered, { dtype });
}

async function writeFlushed(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new SuperRlError(
    'model',
    found === undefined
      ? 'there is no such model folder; check "model" in the run file (paths are relative to that file).'
      : 'this is a file; a model is a folder in Hugging Face layout or a file ending in .gguf.',
    { place: { file: folder } },
  );
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** A JSON file's value; undefined when there is no such file. */
async function readJson(file: string): Promise<unknown> {
  if (!(await exists(file))) return undefined;
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new SuperRlError('model', `cannot be read as JSON (${errorText(cause)}). Download it again.`, {
      place: { file },
      cause,
    });
  }
}
