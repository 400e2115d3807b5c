// The texts of what a person can get wrong in a generation request.
import { describe, expect, it } from 'vitest';
import { checkGenerateRequest } from '../../../../backend/engine/decoding/generate-request';
import type { GenerateRequest } from '../../../../backend/engine/engine';
import { SuperRlError } from '../../../../backend/protocol/errors';
import { tinyModels } from '../onnx/decode/plain-decoder';

const good: GenerateRequest = {
  groups: [{ promptIds: Int32Array.of(1, 2), completions: 1 }],
  maxNewTokens: 4,
  temperature: 1,
  topP: 1,
  greedy: false,
  eosIds: [],
  stopMatcher: undefined,
  uniform: () => 0,
};
const prompt = (ids: readonly number[]) => ({
  groups: [...good.groups, { promptIds: Int32Array.from(ids), completions: 1 }],
});

describe('checkGenerateRequest', () => {
  it('accepts a good request, and any temperature when greedy', () => {
    checkGenerateRequest(tinyModels.llama, good);
    checkGenerateRequest(tinyModels.llama, { ...good, greedy: true, temperature: 0, topP: 0 });
  });

  it.each<[string, Partial<GenerateRequest>, string]>([
    ['config', { maxNewTokens: 0 }, 'maxNewTokens is 0: set it to a whole number of at least 1.'],
    ['config', { temperature: 0 }, 'temperature is 0: set it above 0, or choose greedy decoding.'],
    ['config', { topP: 1.5 }, 'topP is 1.5: set it above 0 and at most 1 (1 samples from all tokens).'],
    [
      'config',
      { groups: [{ promptIds: Int32Array.of(1), completions: 0.5 }] },
      'Prompt 1 of this batch asks for 0.5 completions: ask for a whole number.',
    ],
    ['data', prompt([]), 'Prompt 2 of this batch has no tokens: give it text, or a template that adds some.'],
    [
      'data',
      prompt(Array(128).fill(1)),
      "Prompt 2 of this batch has 128 tokens and the model's context is 128, which leaves no room for an answer: shorten or leave out such prompts, or use a model with a longer context.",
    ],
    [
      'tokenizer',
      prompt([1, 23]),
      'Prompt 2 of this batch holds the token id 23, but the model knows ids below 23: use the tokenizer that belongs to the model.',
    ],
  ])('%s: %j', (code, wrong, message) => {
    const check = () => checkGenerateRequest(tinyModels.llama, { ...good, ...wrong });
    expect(check).toThrow(message);
    expect(check).toThrow(SuperRlError);
    expect(check).toThrow(expect.objectContaining({ code }));
  });
});
