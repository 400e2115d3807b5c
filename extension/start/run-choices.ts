// What can be picked in each step of Start Training, and what it becomes in the run file.
import { basename, extname } from 'node:path';
import type * as vscode from 'vscode';
import type { BuiltInRewardName } from '../../backend/protocol/run-config';
import { type StepItem, separator } from './quick-pick-step';
import type { RunFileChoices } from './run-file-text';

export type DatasetChoice =
  | { readonly kind: 'example' }
  | { readonly kind: 'runFile'; readonly uri: vscode.Uri }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'browse' };
export type TracesChoice =
  | { readonly kind: 'example' }
  | { readonly kind: 'own' }
  | { readonly kind: 'none' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'browse' };
export type RewardChoice =
  | { readonly kind: 'example' }
  | { readonly kind: 'builtIn'; readonly name: BuiltInRewardName }
  | { readonly kind: 'function'; readonly file: string; readonly name: string };
export type ModelChoice =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'engine' }
  | { readonly kind: 'browseFolder' }
  | { readonly kind: 'browseFile' };

export function modelItems(engine: string): StepItem<ModelChoice>[] {
  return [
    {
      label: '$(beaker) Built-in example: a small model from scratch',
      description: '1.8 million parameters, one token a character, trains on any CPU',
      value: { kind: 'scratch' },
    },
    {
      label: '$(folder) A model folder…',
      description: 'Hugging Face layout: config.json, model.safetensors, tokenizer.json',
      value: { kind: 'browseFolder' },
    },
    { label: '$(file-binary) A .gguf file…', value: { kind: 'browseFile' } },
    separator('engine'),
    { label: `$(circuit-board) Engine: ${engine}`, description: 'change it', value: { kind: 'engine' } },
  ];
}

export function tracesConfig(choice: TracesChoice, path: (file: string) => string): RunFileChoices['traces'] {
  if (choice.kind === 'example') return { map: { demonstration: 'trace' } };
  if (choice.kind === 'own') return {};
  return choice.kind === 'file' ? { path: path(choice.file), join: 'prompt' } : undefined;
}

export function rewardConfig(choice: RewardChoice, path: (file: string) => string): RunFileChoices['reward'] {
  if (choice.kind === 'example') return { name: 'solved', file: 'countdown.reward.ts', export: 'solved' };
  if (choice.kind === 'builtIn') return { name: choice.name, use: choice.name };
  const { file, name } = choice;
  // Python takes the function's own name too.
  return { name: name === 'default' ? basename(file, extname(file)) : name, file: path(file), export: name };
}

export function modelConfig(
  choice: ModelChoice,
  context: number,
  path: (file: string) => string,
): RunFileChoices['model'] {
  if (choice.kind === 'path') return path(choice.path);
  return { scratch: { hidden: 192, layers: 4, heads: 4, context } };
}
