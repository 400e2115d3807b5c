// Mistakes in the run file.
import type { BadInput } from './bad-input';

const text = (content: string | Uint8Array) => ({ 'tiny.superrl.json': content });

export const runFileCases: readonly BadInput[] = [
  {
    mistake: 'an empty run file',
    files: text(''),
    code: 2,
    says: 'tiny.superrl.json:1:1: The run file is empty. Write { "name": …, "model": …, "data": … } or start from an example.',
  },
  {
    mistake: 'a comma is missing',
    files: text('{\n  "name": "tiny"\n  "seed": 1\n}\n'),
    code: 2,
    says: 'tiny.superrl.json:3:3: The run file is not valid JSON: a "," is expected here, between two fields or items.',
  },
  {
    mistake: 'a field name without quotes',
    files: text('{\n  name: "tiny"\n}\n'),
    code: 2,
    says: 'tiny.superrl.json:2:3: The run file is not valid JSON: a field name in double quotes is expected here.',
  },
  {
    mistake: 'the file is cut off',
    files: text('{ "name": "tiny", "model": {'),
    code: 2,
    says: 'tiny.superrl.json:1:29: The run file is not valid JSON: a "}" is missing here.',
  },
  {
    mistake: 'a list in place of an object',
    files: text('[]'),
    code: 2,
    says: 'tiny.superrl.json:1:1: The run file must be an object { … }, not a list.',
  },
  {
    mistake: 'the run file is UTF-16',
    files: text(Buffer.from('\uFEFF{ "name": "tiny" }', 'utf16le')),
    code: 2,
    says: '/project/tiny.superrl.json: The run file is not UTF-8 text. Save it as UTF-8.',
  },
  {
    mistake: 'required fields are missing',
    files: text('{ "method": "rl" }'),
    code: 2,
    says: 'tiny.superrl.json:1:1: "name" is missing. Add it: Name of the run; its folder is NAME-date-time.\ntiny.superrl.json:1:1: "model" is missing. Add it: A folder in Hugging Face layout, a .gguf file, or { "scratch": {…} } for a small model initialised at random.\ntiny.superrl.json:1:1: "data" is missing. Add it: Prompts with their verifiable answers.',
  },
  {
    mistake: 'a field is given twice',
    files: text('{\n  "model": "model",\n  "data": { "train": "train.jsonl" },\n  "name": "a",\n  "name": "b"\n}\n'),
    code: 2,
    says: 'tiny.superrl.json:5:3: "name" is given twice. Remove one of them.',
  },
  {
    mistake: 'an unknown field',
    runFile: { rolout: { k: 4 } },
    code: 2,
    says: 'tiny.superrl.json:37:3: "rolout" is not a field of the run file. Did you mean "rollout"?',
  },
  {
    mistake: 'an unknown field, like no known one',
    runFile: { budget: { epochs: 3 } },
    code: 2,
    says: 'tiny.superrl.json:32:5: "epochs" is not a field of "budget". Its fields are steps, minutes, tokens.',
  },
  {
    mistake: 'text in place of a number',
    runFile: { seed: 'one' },
    code: 2,
    says: 'tiny.superrl.json:37:11: "seed" must be a whole number, not the text "one".',
  },
  {
    mistake: 'a number out of its range',
    runFile: { rollout: { temperature: 0 } },
    code: 2,
    says: 'tiny.superrl.json:27:20: "rollout.temperature" must be greater than 0, not 0.',
  },
  {
    mistake: 'a fraction in place of a whole number',
    runFile: { rollout: { k: 2.5 } },
    code: 2,
    says: 'tiny.superrl.json:27:10: "rollout.k" must be a whole number, not 2.5.',
  },
  {
    mistake: 'an unknown method',
    runFile: { method: 'superl' },
    code: 2,
    says: 'tiny.superrl.json:37:13: "method" must be one of "superrl", "superrl-a", "superrl-v1", "superrl-log-sigma", "hpt", "superrl-posterior", "rl", "sft", "sft-then-rl", "filter", "fixed-mix", not the text "superl". Did you mean "superrl"?',
  },
  {
    mistake: 'a name that is no folder name',
    runFile: { name: '../tiny' },
    code: 2,
    says: 'tiny.superrl.json:2:11: "name" is the text "../tiny". Use letters, digits, ".", "_" and "-" only.',
  },
  {
    mistake: 'three mistakes at once',
    runFile: { seed: -1, rollout: { k: 0, topP: 2 } },
    code: 2,
    says: 'tiny.superrl.json:27:10: "rollout.k" must be greater than 0, not 0.\ntiny.superrl.json:28:13: "rollout.topP" must be at most 1, not 2.\ntiny.superrl.json:36:11: "seed" must be at least 0, not -1.',
  },
  {
    mistake: 'no budget',
    runFile: { budget: {} },
    code: 2,
    says: 'tiny.superrl.json:31:13: The run has no end. Give budget.steps, budget.minutes or budget.tokens.',
  },
  {
    mistake: 'no rewards',
    runFile: { rewards: [] },
    code: 2,
    says: 'tiny.superrl.json:20:14: Method "superrl" needs a reward of role "correctness": it decides which completions succeed. Add one to "rewards", for example { "name": "answer", "use": "exact" }.',
  },
  {
    mistake: 'shaping rewards only',
    runFile: { rewards: [{ name: 'form', use: 'format' }] },
    code: 2,
    says: 'tiny.superrl.json:20:14: Method "superrl" needs a reward of role "correctness": it decides which completions succeed. Add one to "rewards", for example { "name": "answer", "use": "exact" }.',
  },
  {
    mistake: 'two rewards of one name',
    runFile: {
      rewards: [
        { name: 'answer', use: 'exact' },
        { name: 'answer', use: 'gsm8k' },
      ],
    },
    code: 2,
    says: 'tiny.superrl.json:26:15: Two rewards are named "answer". Rename one of them.',
  },
  {
    mistake: 'a reward with both `use` and `file`',
    runFile: { rewards: [{ name: 'answer', use: 'exact', file: 'a.reward.ts' }] },
    code: 2,
    says: 'tiny.superrl.json:21:5: "rewards[0]": Give exactly one of "use" (a built-in reward) and "file" (your own).',
  },
  {
    mistake: 'a built-in reward that does not exist',
    runFile: { rewards: [{ name: 'answer', use: 'maths' }] },
    code: 2,
    says: 'tiny.superrl.json:23:14: "rewards[0].use" must be one of "gsm8k", "boxed", "countdown", "exact", "regex", "format", "length", "repetition", not the text "maths".',
  },
  {
    mistake: 'a method that learns from traces, and none are named',
    runFile: { traces: undefined },
    code: 2,
    says: 'tiny.superrl.json:1:1: Method "superrl" learns from offline traces, and the run file names none. Add "traces": { "path": "…" }, or "traces": {} when they are a column of the dataset, or choose method "rl".',
  },
  {
    mistake: 'a rollout probe that could never fire',
    runFile: { method: 'superrl-v1', switch: { probe: { prompts: 16 } } },
    code: 2,
    says: 'tiny.superrl.json:40:18: A probe of 16 prompts can never find a share of solvable prompts below 0.1 with 95 % confidence, even when it solves none. Probe at least 29 prompts or raise switch.probe.sparseBelow.',
  },
  {
    mistake: 'a rollout probe of more prompts than there are',
    runFile: { method: 'superrl-v1' },
    code: 2,
    says: 'The training data has 4 prompts to probe, too few to ever find reward sparse below 0.1: at least 29 are needed. Raise switch.probe.sparseBelow or give more data.',
    mayChange: /^runs\//,
  },
  {
    mistake: 'evaluation without held-out data',
    runFile: { data: { train: 'train.jsonl' }, eval: { every: 5 } },
    code: 2,
    says: 'tiny.superrl.json:37:14: Evaluation needs held-out prompts. Name their file in data.eval or set eval.every to 0.',
  },
  {
    mistake: 'pass@k with k above the samples',
    runFile: { eval: { every: 5, samples: 4, k: [1, 8] } },
    code: 2,
    says: 'tiny.superrl.json:42:7: pass@8 needs at least 8 samples a prompt, and eval.samples is 4.',
  },
  {
    mistake: 'heads that do not divide the width',
    runFile: { model: { scratch: { hidden: 32, heads: 3 } } },
    code: 2,
    says: 'tiny.superrl.json:6:16: hidden 32 is not divisible by 3 heads. Change one of them.',
  },
  {
    mistake: 'adapters beside random weights',
    runFile: { lora: { rank: 4 } },
    code: 2,
    says: 'tiny.superrl.json:37:11: Adapters are trained beside frozen weights, and those of a model from scratch are random. Remove "lora", or name a checkpoint in "model".',
  },
  {
    mistake: 'completions as long as the context',
    runFile: { rollout: { maxNewTokens: 32 } },
    code: 2,
    says: 'tiny.superrl.json:8:18: rollout.maxNewTokens 32 leaves no room for a prompt in a context of 32 tokens. Raise the context or lower maxNewTokens.',
  },
  {
    mistake: 'a bpe vocabulary smaller than the bytes',
    runFile: { model: { scratch: { context: 32, tokenizer: { kind: 'bpe', vocabulary: 100 } } } },
    code: 2,
    says: 'model.scratch.tokenizer.vocabulary 100 is too small for bpe: 256 bytes and 2 special tokens need 258.',
  },
  {
    mistake: 'a clip for a loss that does not clip',
    runFile: { loss: { type: 'reinforce', clipLow: 0.2 } },
    code: 2,
    says: 'tiny.superrl.json:39:16: Loss "reinforce" does not clip by clipLow. Remove it.',
  },
  {
    mistake: 'the switch for a baseline without one',
    runFile: { method: 'filter', switch: { enabled: true } },
    code: 2,
    says: 'tiny.superrl.json:39:16: Method "filter" is a baseline without the switch. Remove switch.enabled or choose method "superrl".',
  },
  {
    mistake: 'a system prompt, and a tokenizer without chat template',
    runFile: { prompt: { system: 'Reverse the digits.' } },
    code: 2,
    says: 'prompt.system needs a chat template, but none is used. Put the text into prompt.template, or choose a model that brings a chat template.',
  },
  {
    mistake: 'a prompt template with an unknown column',
    runFile: { prompt: { template: 'Reverse {digits}:' } },
    code: 2,
    says: 'prompt.template names {digits}, but the data has only {prompt}, {answer}, {trace}. Write {{ and }} for braces.',
  },
];
