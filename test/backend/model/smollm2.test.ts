// A real checkpoint: SmolLM2-135M-Instruct from GGUF has the weights, tokens and chat template that transformers
// 5.24.0 reads from the same file (sums below by its from_pretrained(gguf_file=…)).
import { beforeAll, describe, expect, it } from 'vitest';
import { type LoadedModel, loadModel } from '../../../backend/model/load-model';
import { fetchSmolLm2 } from '../../../scripts/smollm2.mjs';
import { peakOverWeights } from './load-memory';

describe('SmolLM2-135M-Instruct', () => {
  let model: LoadedModel;
  beforeAll(async () => {
    model = await loadModel(fetchSmolLm2());
  });

  it('has its config', () => {
    expect(model.config).toEqual({
      architecture: 'llama',
      vocabularySize: 49152,
      hiddenSize: 576,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      intermediateSize: 1536,
      contextLength: 8192,
      rmsNormEpsilon: 1e-5,
      ropeTheta: 100000,
      ropeScaling: undefined,
      tiedEmbeddings: true,
      qkvBias: false,
      qkNorm: false,
    });
  });

  /** [sum of values, sum of values × (index mod 97)]; the second sees the order. */
  const sums: [string, number, number][] = [
    ['model.embed_tokens.weight', -15353.04449415207, -740630.3343496323],
    ['model.layers.0.self_attn.q_proj.weight', 59.22322082519531, -3906.5491638183594],
    ['model.layers.29.self_attn.k_proj.weight', 87.89241790771484, 2495.2822494506836],
    ['model.layers.7.mlp.down_proj.weight', -198.9853515625, -17114.85708618164],
    ['model.norm.weight', 1038.33203125, 49451.53125],
  ];
  it.each(sums)('has the values of %s', (name, total, weighted) => {
    const { data } = model.weights.get(name)!;
    let sum = 0;
    let ordered = 0;
    for (let i = 0; i < data.length; i++) {
      sum += data[i]!;
      ordered += data[i]! * (i % 97);
    }
    expect(Math.abs(sum - total)).toBeLessThan(1e-4);
    expect(Math.abs(ordered - weighted)).toBeLessThan(1e-3);
  });

  it.each([
    [
      'Numbers: 63, 95, 96. Target: 64. Expression:',
      [39006, 42, 216, 38, 35, 28, 216, 41, 37, 28, 216, 41, 38, 30, 18576, 42, 216, 38, 36, 30, 22370, 42],
    ],
    [
      'Hello\n\n  world 123,456 naïve — 日本語 🚀',
      [
        19556, 8866, 905, 216, 33, 34, 35, 28, 36, 37, 38, 15486, 46494, 1841, 17097, 241, 115, 40993, 179, 120, 248,
        15107, 244, 218,
      ],
    ],
    ["don't <|im_end|> I'll", [12420, 982, 216, 2, 339, 3060]],
  ])('encodes and decodes %s', (text, ids) => {
    expect([...model.tokenizer.encode(text)]).toEqual(ids);
    expect(model.tokenizer.decode(ids)).toBe(text);
  });

  it('brings its chat template and endings', () => {
    const { tokenizer } = model;
    expect(tokenizer.renderChat([{ role: 'user', content: 'hi' }], { addGenerationPrompt: true })).toBe(
      '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' +
        '<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n',
    );
    expect([tokenizer.eosIds, tokenizer.padId, tokenizer.eosText]).toEqual([[2], 2, '<|im_end|>']);
    expect(tokenizer.promptPrefix).toBeUndefined();
  });

  it('loads its weights in little more memory than they take as float32, beside the tokenizer', async () => {
    const imports = `import { readGgufWeights } from './backend/model/gguf';
      import { openGguf } from './backend/model/gguf-file';
      import { readGgufTokenizer } from './backend/model/gguf-tokenizer';`;
    const before = 'const gguf = await openGguf(file); globalThis.tokenizer = readGgufTokenizer(gguf.metadata, file);';
    const load = 'for (const { data } of (await readGgufWeights(gguf)).weights.values()) kept.push(data);';
    const found = await peakOverWeights(imports, load, fetchSmolLm2(), before);
    console.log(`figure: peak memory of loading ${found.toFixed(3)} × the weights`);
    expect(found).toBeGreaterThan(0.9); // what reading the tokenizer left for reuse counts against it
    expect(found).toBeLessThan(1.1);
  });
});
