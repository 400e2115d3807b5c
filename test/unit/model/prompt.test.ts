// Prompts: template, system message, chat template, BOS, and what wrong settings say.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../backend/model/huggingface-tokenizer';
import { renderPrompt } from '../../../backend/model/prompt';
import { trainTokenizer } from '../../../backend/model/train-tokenizer';

const chat = await loadTokenizer(join(import.meta.dirname, '../../golden/models/llama-tied'));
const plain = trainTokenizer(['abc'], { kind: 'characters' });
const row = { prompt: '2+2?', columns: { prompt: '2+2?', nums: [1, 2], level: 3, Body: 'Tom has 2.' } };

describe('renderPrompt', () => {
  it('is the prompt itself without templates', () => {
    expect(renderPrompt(row, { chatTemplate: 'auto' }, plain)).toBe('2+2?');
    expect(renderPrompt(row, { chatTemplate: 'off' }, chat)).toBe('2+2?');
  });
  it('fills a template from the prompt and the columns', () => {
    const template = '{Body} Q ({level}): {prompt} {nums} {{x}} \\boxed{}';
    expect(renderPrompt(row, { template, chatTemplate: 'off' }, plain)).toBe(
      'Tom has 2. Q (3): 2+2? [1,2] {x} \\boxed{}',
    );
  });
  it('uses the chat template, with the system message', () => {
    expect(renderPrompt(row, { chatTemplate: 'auto', system: 'Be brief.' }, chat)).toBe(
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n2+2?<|im_end|>\n<|im_start|>assistant\n',
    );
  });
  it('puts BOS before a plain prompt where the tokenizer does', () => {
    expect(renderPrompt(row, { chatTemplate: 'off' }, { ...plain, promptPrefix: '<s>' })).toBe('<s>2+2?');
  });
  it('says what is wrong', () => {
    expect(() => renderPrompt(row, { template: '{question}', chatTemplate: 'off' }, plain)).toThrow(
      'prompt.template names {question}, but the data has only {prompt}, {nums}, {level}, {Body}. Write {{ and }} for braces.',
    );
    expect(() => renderPrompt(row, { chatTemplate: 'on' }, plain)).toThrow('prompt.chatTemplate is "on"');
    expect(() => renderPrompt(row, { chatTemplate: 'off', system: 'Hi' }, chat)).toThrow(
      'prompt.system needs a chat template',
    );
  });
});
