// GGUF files: written and read back, and what each broken or unknown file says.
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { exportModel } from '../../../backend/model/export-model';
import { loadGguf } from '../../../backend/model/gguf';
import { openGguf } from '../../../backend/model/gguf-file';
import { encodeHalfArray, float16ToFloat32 } from '../../../backend/model/half-precision';
import { type LoadedModel, loadModel } from '../../../backend/model/load-model';
import { saveGguf } from '../../../backend/model/save-gguf';
import { initializeWeights } from '../../../backend/model/scratch';
import { trainTokenizer } from '../../../backend/model/train-tokenizer';

const models = join(import.meta.dirname, '../../golden/models');
const folder = await mkdtemp(join(tmpdir(), 'superrl-gguf-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

let count = 0;
const newFile = () => join(folder, `${count++}.gguf`);

async function written(model: LoadedModel, dtype: 'float16' | 'q8_0' = 'float16'): Promise<string> {
  const file = newFile();
  await saveGguf(file, model, dtype);
  return file;
}

const asFloat16 = (data: Float32Array) => Float32Array.from(encodeHalfArray(data, 'float16'), float16ToFloat32);

describe('saveGguf and loadGguf', () => {
  it.each(['llama-tied', 'qwen2-tied', 'qwen3-headdim32'])('give %s back, in float16', async (name) => {
    const model = await loadModel(join(models, name));
    const again = await loadModel(await written(model));
    expect(again.config).toEqual(model.config);
    expect([...again.weights.keys()]).toEqual([...model.weights.keys()]);
    for (const [weight, { shape, data }] of model.weights) {
      const found = again.weights.get(weight)!;
      expect(found.shape).toEqual(shape);
      expect(found.data, weight).toEqual(shape.length === 1 ? data : asFloat16(data));
    }
  });

  it('keep tokens, chat template and endings', async () => {
    const { tokenizer, ...model } = await loadModel(join(models, 'llama-tied'));
    const again = (await loadModel(await written({ ...model, tokenizer }))).tokenizer;
    expect([again.eosIds, again.padId, again.eosText]).toEqual([tokenizer.eosIds, tokenizer.padId, tokenizer.eosText]);
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const options = { addGenerationPrompt: true };
    expect(again.renderChat(messages, options)).toBe(tokenizer.renderChat(messages, options));
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        (text) => again.encode(text).join() === tokenizer.encode(text).join(),
      ),
    );
  });

  it('round q8_0 by at most half a step of each block of 32', async () => {
    const model = await loadModel(join(models, 'qwen2-tied'));
    const file = await written(model, 'q8_0');
    const { weights, formats } = await loadGguf(file);
    expect(formats).toContain('Q8_0');
    const name = 'model.layers.0.mlp.up_proj.weight';
    const [exact, rounded] = [model.weights.get(name)!.data, weights.get(name)!.data];
    for (let block = 0; block < exact.length; block += 32) {
      const largest = exact.subarray(block, block + 32).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (let i = block; i < block + 32; i++) {
        expect(Math.abs(exact[i]! - rounded[i]!)).toBeLessThanOrEqual((largest / 127) * 0.51 + largest * 2 ** -10);
      }
    }
  });

  it('keep the scaling of Llama 3.1, and say so where it is another', async () => {
    const { config, tokenizer } = await loadModel(join(models, 'llama-untied-rope-llama3'));
    const ropeScaling = { ...config.ropeScaling!, originalContext: 8192 };
    const published = { ...config, ropeScaling };
    const weights = initializeWeights(published, Math.sin);
    expect((await loadGguf(await written({ config: published, weights, tokenizer }))).config).toEqual(published);
    await expect(loadGguf(await written({ config, weights, tokenizer }))).rejects.toThrow(
      'rope_freqs.weight is of no published Llama 3 model',
    );
  });
});

describe('errors of loadGguf', () => {
  /** A written model with one edit of its bytes. */
  async function edited(edit: (bytes: Buffer) => void): Promise<string> {
    const file = await written(await loadModel(join(models, 'qwen2-tied')));
    const bytes = await readFile(file);
    edit(bytes);
    await writeFile(file, bytes);
    return file;
  }
  const rename = (from: string, to: string) => (bytes: Buffer) => {
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    expect(to.length).toBe(from.length);
    bytes.write(to, at);
  };
  const cases: [string, (bytes: Buffer) => void, string][] = [
    ['not GGUF', (bytes) => bytes.write('GGML', 0), 'this is not a GGUF file'],
    ['version 1', (bytes) => bytes.writeUInt32LE(1, 4), 'GGUF version 1 is not supported; 2 and 3 are'],
    [
      'another architecture',
      rename('qwen2', 'gemma'),
      'architecture "gemma" is not supported; llama, qwen2, qwen3 are',
    ],
    [
      'a missing size',
      rename('qwen2.block_count', 'qwen2.block_xxxxx'),
      'the metadata qwen2.block_count is missing or wrong',
    ],
    [
      'another tokenizer',
      rename('gpt2', 'bert'),
      'tokenizer model "bert" is not supported; byte-level BPE ("gpt2") is',
    ],
    [
      'another pre-tokenizer',
      rename('gpt-2', 'tekken'.slice(0, 5)),
      'pre-tokenizer "tekke" is not supported; gpt-2, smollm, qwen2, llama-bpe are',
    ],
    [
      'no merges',
      rename('tokenizer.ggml.merges', 'tokenizer.ggml.mergex'),
      'the metadata tokenizer.ggml.merges is missing or wrong',
    ],
    ['a missing tensor', rename('blk.1.ffn_up.weight', 'blk.1.ffn_xx.weight'), 'tensor blk.1.ffn_up.weight is missing'],
    ['no embedding', rename('token_embd.weight', 'token_xxxx.weight'), 'tensor token_embd.weight is missing'],
    [
      'another quantisation',
      (bytes) => bytes.writeUInt32LE(10, bytes.indexOf('blk.0.ffn_up.weight') + 19 + 4 + 16),
      'tensor blk.0.ffn_up.weight has ggml type 10, which is not supported; F32, F16',
    ],
    [
      'another shape',
      (bytes) => bytes.writeBigUInt64LE(32n, bytes.indexOf('blk.0.ffn_up.weight') + 19 + 4 + 8),
      'tensor blk.0.ffn_up.weight has shape [32, 64] but the metadata means [176, 64]',
    ],
  ];
  it.each(cases)('%s', async (_, edit, message) => {
    await expect(loadGguf(await edited(edit))).rejects.toThrow(message);
  });

  it('tensors of another model', async () => {
    const model = await loadModel(join(models, 'qwen2-tied'));
    const file = await written({ ...model, config: { ...model.config, layers: 1 } });
    const whole = await openGguf(file);
    await whole.close();
    const bytes = await readFile(await written(model));
    const at = bytes.indexOf('qwen2.block_count') + 'qwen2.block_count'.length + 4;
    bytes.writeUInt32LE(1, at);
    await writeFile(file, bytes);
    await expect(loadGguf(file)).rejects.toThrow(
      'tensor blk.1.attn_norm.weight and 11 more is not part of a Llama, Qwen2 or Qwen3 model',
    );
  });

  it('truncated anywhere', async () => {
    const file = await written(await loadModel(join(models, 'qwen2-tied')));
    const { size } = await stat(file);
    const bytes = await readFile(file);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 4, max: size - 33 }), async (length) => {
        await writeFile(file, bytes);
        await truncate(file, length);
        await expect(loadGguf(file)).rejects.toThrow(
          /the file ends inside (its metadata|tensor \S+); download it again/,
        );
      }),
      { numRuns: 30 },
    );
  });

  it('no file', async () => {
    await expect(loadModel(join(folder, 'none.gguf'))).rejects.toThrow('there is no such model file');
  });
});

describe('exportModel', () => {
  it('refuses what cannot be', async () => {
    const model = await loadModel(join(models, 'llama-tied'));
    const to = newFile();
    await expect(exportModel({ ...model, dtype: 'bfloat16', to })).rejects.toThrow(
      'written as float16 or q8_0, not bfloat16',
    );
    await expect(exportModel({ ...model, dtype: 'q8_0', to: join(folder, 'out') })).rejects.toThrow(
      'written as float32 or bfloat16, not q8_0; for llama.cpp give a name ending in .gguf',
    );
    await expect(exportModel({ ...model, dtype: 'float32', to: folder })).rejects.toThrow('this exists already');
    const characters = { ...model, tokenizer: trainTokenizer(['abc'], { kind: 'characters' }) };
    await expect(exportModel({ ...characters, dtype: 'float16', to })).rejects.toThrow('cannot be written to GGUF');
    const name = 'model.layers.0.mlp.up_proj.weight';
    const large = new Map(model.weights).set(name, { shape: [176, 64], data: new Float32Array(176 * 64).fill(1e5) });
    await expect(exportModel({ ...model, weights: large, dtype: 'float16', to })).rejects.toThrow(
      'blk.0.ffn_up.weight has values beyond float16’s range',
    );
    await expect(exportModel({ ...model, dtype: 'float16', to: join(folder, 'no', 'such.gguf') })).rejects.toThrow(
      'cannot write the model',
    );
    await expect(stat(to)).rejects.toThrow('ENOENT');
  });

  it('writes a folder that loads again', async () => {
    const model = await loadModel(join(models, 'qwen3-headdim32'));
    const to = join(folder, 'exported');
    await exportModel({ ...model, dtype: 'float32', to });
    const again = await loadModel(to);
    expect(again.config).toEqual(model.config);
    expect(again.weights).toEqual(model.weights);
  });
});
