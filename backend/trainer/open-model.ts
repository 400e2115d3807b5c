// A model for `score` and `sample`: its tokenizer, and the embedded engine holding its weights.
import { createEngine } from '../engine/create-engine';
import type { Engine } from '../engine/engine';
import { loadModel } from '../model/load-model';
import type { Tokenizer } from '../model/tokenizer';
import { SuperRlError } from '../protocol/errors';
import { modelPath } from './run-folder/model-path';

export interface OpenModel {
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
}

/** @throws SuperRlError `model`, `tokenizer`, `checkpoint` or `engine`. */
export async function openModel(path: string): Promise<OpenModel> {
  const { config, weights, tokenizer } = await loadModel(modelPath(path));
  const options = { keepReference: false, lora: 'off', seed: 0 } as const;
  const engine = await createEngine({ kind: 'onnx', config, weights, options });
  return { engine, tokenizer };
}

/** Refuses what doesn't fit the model's context, before an engine fails in worse words. */
export function checkContext({ engine }: OpenModel, tokens: number, what: string): void {
  const { contextLength } = engine.modelConfig;
  if (tokens > contextLength) {
    throw new SuperRlError(
      'data',
      `${what} has ${tokens} tokens, more than the ${contextLength} of the model's context. Shorten it.`,
    );
  }
}
