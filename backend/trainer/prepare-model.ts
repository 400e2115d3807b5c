// The model that a run starts from: a checkpoint with its tokenizer, or a small decoder initialised at random
// whose tokenizer is trained on the run's own texts.
import { resolve } from 'node:path';
import type { Row } from '../data/row';
import { normal } from '../method/random';
import { loadModel } from '../model/load-model';
import { type ModelConfig, weightShapes } from '../model/model-config';
import type { NamedTensors } from '../model/named-tensors';
import { initializeWeights, type ScratchModel, scratchConfig } from '../model/scratch';
import type { Tokenizer } from '../model/tokenizer';
import { trainTokenizer } from '../model/train-tokenizer';
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';

export interface StartingModel {
  readonly config: ModelConfig;
  readonly weights: NamedTensors;
  readonly tokenizer: Tokenizer;
}

/** Rows whose texts train a BPE tokenizer; more add little and cost memory. */
const bpeRows = 100_000;

/**
 * @param baseFolder what the model's path is relative to
 * @param rows of the training and held-out data, read only for a model from scratch
 * @throws SuperRlError `model` or `tokenizer` for a checkpoint that can't be used
 */
export async function startingModel(
  { model, rollout, seed }: RunConfig,
  baseFolder: string,
  rows: () => AsyncIterable<Row>,
): Promise<StartingModel> {
  if (typeof model === 'string') return checkpointModel(resolve(baseFolder, model));
  const tokenizer = await tokenizerOf(model.scratch, rollout.stop, rows());
  const config = scratchConfig(model.scratch, tokenizer.vocabularySize);
  return { config, tokenizer, weights: randomWeights(config, seed) };
}

/** The tokenizer of the model that a run starts from. Errors as startingModel's. */
export async function startingTokenizer(
  { model, rollout }: RunConfig,
  baseFolder: string,
  rows: () => AsyncIterable<Row>,
): Promise<Tokenizer> {
  if (typeof model === 'string') return (await checkpointModel(resolve(baseFolder, model))).tokenizer;
  return tokenizerOf(model.scratch, rollout.stop, rows());
}

async function checkpointModel(path: string): Promise<StartingModel> {
  const { config, weights, tokenizer } = await loadModel(path);
  if (tokenizer.vocabularySize > config.vocabularySize) {
    throw new SuperRlError(
      'model',
      `The tokenizer has ${tokenizer.vocabularySize} tokens but the model only ${config.vocabularySize}: they do not ` +
        'belong together. Use the tokenizer files of this model.',
      { place: { file: path } },
    );
  }
  return { config, weights, tokenizer };
}

function randomWeights(config: ModelConfig, seed: number): NamedTensors {
  const sizes = [...weightShapes(config).values()].map((shape) => shape.reduce((product, size) => product * size, 1));
  const count = sizes.reduce((sum, size) => sum + size, 0);
  const numbers = normal(seed, 'weights', count, 1);
  return initializeWeights(config, (index) => numbers[index] ?? Number.NaN);
}

/** Trained on prompts, demonstrations, answers that are text, and stop strings. */
async function tokenizerOf(
  { tokenizer }: ScratchModel,
  stops: readonly string[],
  rows: AsyncIterable<Row>,
): Promise<Tokenizer> {
  const characters = tokenizer.kind === 'characters';
  // Characters are collected as they come, so that any number of rows fits the memory.
  const texts = new Set<string>();
  const add = (text: string) => {
    for (const part of characters ? text : [text]) texts.add(part);
  };
  for (const stop of stops) add(stop);
  let seen = 0;
  for await (const row of rows) {
    add(row.prompt);
    for (const demonstration of row.demonstrations) add(demonstration);
    if (typeof row.answer === 'string') add(row.answer);
    seen++;
    if (!characters && seen === bpeRows) break;
  }
  return trainTokenizer(texts, tokenizer);
}
