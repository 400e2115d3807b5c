// Mistakes in models and tokenizers, and in what is given to `score`, `sample` and `export`.

import type { BadInput } from './bad-input';
import { writeCheckpointTensors } from './checkpoint-edits';
import { jsonl, type Project } from './project';

const score = ['score', 'model', 'rows.jsonl'];
const sample = ['sample', 'model', '--prompt', 'a'];
const rows = (...lines: unknown[]) => ({ 'rows.jsonl': jsonl(lines) });
const withModel = (change: (project: Project) => void) => (project: Project) => {
  project.addModel();
  change(project);
};
const model = (project: Project) => project.addModel();

export const modelCases: readonly BadInput[] = [
  {
    mistake: 'the model is not there',
    runFile: { model: 'models/SmolLM2' },
    code: 1,
    says: '/project/models/SmolLM2: there is no such model folder; check "model" in the run file (paths are relative to that file).',
  },
  {
    mistake: 'a folder that is no model',
    files: { 'model/readme.txt': '' },
    command: sample,
    code: 1,
    says: '/project/model: there is no config.json in this folder; give a folder in Hugging Face layout or a .gguf file.',
  },
  {
    mistake: 'a file that is no model',
    command: ['sample', 'train.jsonl', '--prompt', 'a'],
    code: 1,
    says: '/project/train.jsonl: this is a file; a model is a folder in Hugging Face layout or a file ending in .gguf.',
  },
  {
    mistake: 'config.json is broken',
    prepare: withModel((project) => project.cut('model/config.json', 40)),
    command: sample,
    code: 1,
    says: '/project/model/config.json: cannot be read as JSON (Unterminated string in JSON at position 40). Download it again.',
  },
  {
    mistake: 'an architecture that is not supported',
    prepare: withModel((project) =>
      project.editJson('model/config.json', { model_type: 'mamba', architectures: ['MambaForCausalLM'] }),
    ),
    command: sample,
    code: 1,
    says: '/project/model/config.json: model type "mamba" is not supported; Llama, Qwen2, Qwen3 and SmolLM2 (a Llama) are. Choose such a checkpoint.',
  },
  {
    mistake: 'the weights are not there',
    prepare: withModel((project) => project.remove('model/model.safetensors')),
    command: sample,
    code: 1,
    says: '/project/model: there is no model.safetensors and no model.safetensors.index.json in this folder; PyTorch .bin weights must be saved as safetensors first.',
  },
  {
    mistake: 'the weights are cut off',
    prepare: withModel((project) => project.cut('model/model.safetensors', 100_000)),
    command: sample,
    code: 1,
    says: '/project/model/model.safetensors: not a whole safetensors file: tensor model.embed_tokens.weight ends at byte 133144 but the file at 100000. Download or export it again.',
  },
  {
    mistake: 'the weights are a download error page',
    prepare: withModel((project) => project.write('model/model.safetensors', '<html>404 Not Found</html>')),
    command: sample,
    code: 1,
    says: '/project/model/model.safetensors: not a whole safetensors file: its header would be 3473469848023230500 bytes long. Download or export it again.',
  },
  {
    mistake: 'a tensor of the wrong shape: weights of another model',
    prepare: withModel((project) => project.editJson('model/config.json', { intermediate_size: 96 })),
    command: sample,
    code: 1,
    says: '/project/model/model.safetensors: tensor model.layers.0.mlp.gate_proj.weight has shape [176, 64] but config.json means [96, 64]; config and weights are of different models.',
  },
  {
    mistake: 'a tensor is missing: fewer layers than config.json says',
    prepare: withModel((project) => project.editJson('model/config.json', { num_hidden_layers: 9 })),
    command: sample,
    code: 1,
    says: '/project/model: tensor model.layers.2.input_layernorm.weight is missing: the download is incomplete, or config.json is of another model.',
  },
  {
    mistake: 'a shard is missing',
    prepare: withModel((project) => {
      project.remove('model/model.safetensors');
      const shard = 'model-00001-of-00002.safetensors';
      project.write(
        'model/model.safetensors.index.json',
        JSON.stringify({ weight_map: { 'model.norm.weight': shard } }),
      );
    }),
    command: sample,
    code: 1,
    says: '/project/model/model.safetensors.index.json: the shard model-00001-of-00002.safetensors that it names is missing; download it too.',
  },
  {
    mistake: 'weights that are NaN: a diverged checkpoint',
    prepare: withModel((project) => writeCheckpointTensors(project.path('model/model.safetensors'), Number.NaN)),
    command: sample,
    code: 1,
    says: "The model's output is not a number (NaN or Inf) while generating: its weights have diverged. Go back to an earlier checkpoint and lower the learning rate.",
  },
  {
    mistake: 'tokenizer.json is not there',
    prepare: withModel((project) => project.remove('model/tokenizer.json')),
    command: sample,
    code: 1,
    says: '/project/model: there is no tokenizer.json in this folder; save it with transformers’ fast tokenizer (save_pretrained).',
  },
  {
    mistake: 'tokenizer.json is broken',
    prepare: withModel((project) => project.cut('model/tokenizer.json', 500)),
    command: sample,
    code: 1,
    says: '/project/model/tokenizer.json: cannot be read as JSON (Unterminated string in JSON at position 500). Download it again.',
  },
  {
    mistake: 'a .gguf file that is none',
    files: { 'model.gguf': 'not a model' },
    command: ['sample', 'model.gguf', '--prompt', 'a'],
    code: 1,
    says: '/project/model.gguf: this is not a GGUF file (it does not begin with "GGUF"). Check the path, or download it again.',
  },
  {
    mistake: 'a .gguf file that is cut off',
    files: { 'model.gguf': Buffer.from('GGUF\x03\x00\x00\x00\x09\x00') },
    command: ['sample', 'model.gguf', '--prompt', 'a'],
    code: 1,
    says: '/project/model.gguf: the file ends inside its metadata; download it again.',
  },
  {
    mistake: "completions longer than the model's context",
    runFile: { model: 'model', rollout: { maxNewTokens: 100_000 } },
    prepare: model,
    code: 2,
    says: "rollout.maxNewTokens (100000) leaves no room for a prompt in the model's context of 256 tokens. Lower it.",
  },
  {
    mistake: '`chatTemplate: "on"` and the tokenizer brings none',
    runFile: { model: 'model', prompt: { chatTemplate: 'on' } },
    prepare: withModel((project) => project.remove('model/chat_template.jinja')),
    code: 2,
    says: 'prompt.chatTemplate is "on", but this model’s tokenizer brings none. Set it to "auto" or "off".',
  },
  {
    mistake: 'a prompt beyond the context',
    prepare: model,
    command: ['sample', 'model', '--prompt', 'many words '.repeat(400)],
    code: 1,
    says: "The prompt has 1237 tokens, more than the 256 of the model's context. Shorten it.",
  },
  {
    mistake: 'the file to score is not there',
    prepare: model,
    command: score,
    code: 1,
    says: 'There is no file rows.jsonl. Give a JSONL file of prompts and completions.',
  },
  {
    mistake: 'the file to score is empty',
    prepare: model,
    files: { 'rows.jsonl': '' },
    command: score,
    code: 1,
    says: 'rows.jsonl: This file holds no rows; give a line {"prompt", "completion"} a row.',
  },
  {
    mistake: 'a line to score that is no JSON',
    prepare: model,
    files: { 'rows.jsonl': '{"prompt": "a", "completion": "b"\n' },
    command: [...score, '--json'],
    code: 1,
    says: '{"error":{"code":"data","message":"rows.jsonl:1: This line is not JSON (Expected \',\' or \'}\' after property value in JSON at position 33).","file":"rows.jsonl","line":1}}',
  },
  {
    mistake: 'a row to score without a completion',
    prepare: model,
    files: rows({ prompt: 'a', answer: 'b' }),
    command: [...score, '--json'],
    code: 1,
    says: '{"error":{"code":"data","message":"rows.jsonl:1: A row must be {\\"prompt\\": \\"…\\", \\"completion\\": \\"…\\"} or {\\"promptTokenIds\\": […], \\"tokenIds\\": […]}.","file":"rows.jsonl","line":1}}',
  },
  {
    mistake: 'a row to score with an empty completion',
    prepare: model,
    files: rows({ prompt: 'a', completion: '' }),
    command: score,
    code: 1,
    says: 'rows.jsonl:1: Prompt and completion need at least one token each.',
  },
  {
    mistake: 'a token id that the model does not know',
    prepare: model,
    files: rows({ promptTokenIds: [1], tokenIds: [99_999] }),
    command: score,
    code: 1,
    says: 'rows.jsonl:1: Token id 99999 is not in the vocabulary of 512 tokens.',
  },
  {
    mistake: '`export` onto something that exists',
    prepare: model,
    command: ['export', 'model', 'train.jsonl'],
    code: 2,
    says: '/project/train.jsonl: this exists already; choose another name or remove it first.',
  },
  {
    mistake: '`export` of a folder in a format for .gguf',
    prepare: model,
    command: ['export', 'model', 'out', '--dtype', 'q8_0'],
    code: 2,
    says: '/project/out: a folder is written as float32 or bfloat16, not q8_0; for llama.cpp give a name ending in .gguf.',
  },
  {
    mistake: '`export` into a file',
    prepare: model,
    command: ['export', 'model', 'train.jsonl/out'],
    code: 1,
    says: "/project/train.jsonl/out.partial-1234: cannot write the checkpoint (ENOTDIR: not a directory, mkdir '/project/train.jsonl/out.partial-1234'). Free some space or choose another folder.",
  },
  {
    mistake: '`export` on a full disk',
    prepare: model,
    disk: { name: 'small', options: 'size=256k' },
    command: ['export', 'model', 'small/out', '--dtype', 'float32'],
    code: 1,
    says: '/project/small/out.partial-1234/model.safetensors: cannot write the weights (ENOSPC: no space left on device, write). Free some space or choose another folder.',
  },
];
