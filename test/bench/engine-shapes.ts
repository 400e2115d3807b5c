// The work of `npm run bench -- engine`: three sizes of model, the rows of an update and of generation, and how often each is
// timed. The peers in test/bench/peers/torch_engine.py get one of these as JSON.
import type { ModelConfig } from '../../backend/model/model-config';
import { llama } from './bench-model';

export interface EngineWork {
  readonly config: ModelConfig;
  /** Rows of an update, each of promptTokens + completionTokens. */
  readonly rows: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly generateRows: readonly number[];
  /** Tokens that each generated row gets. */
  readonly newTokens: number;
  /** The best of so many is taken. */
  readonly updateRounds: number;
  readonly generateRounds: number;
}

const tokens = { promptTokens: 64, completionTokens: 64, generateRows: [1, 8, 32, 64] } as const;

export const engineShapes: Readonly<Record<string, EngineWork>> = {
  '1m': {
    config: {
      ...llama,
      vocabularySize: 512,
      hiddenSize: 128,
      layers: 4,
      heads: 4,
      kvHeads: 2,
      headDim: 32,
      intermediateSize: 352,
    },
    rows: 64,
    ...tokens,
    newTokens: 64,
    updateRounds: 5,
    generateRounds: 3,
  },
  '25m': {
    config: {
      ...llama,
      vocabularySize: 4096,
      hiddenSize: 512,
      layers: 8,
      heads: 8,
      kvHeads: 4,
      headDim: 64,
      intermediateSize: 1408,
    },
    rows: 32,
    ...tokens,
    newTokens: 64,
    updateRounds: 3,
    generateRounds: 2,
  },
  '135m': {
    config: {
      ...llama,
      vocabularySize: 49_152,
      hiddenSize: 576,
      layers: 30,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      intermediateSize: 1536,
    },
    rows: 16,
    ...tokens,
    newTokens: 32,
    updateRounds: 1,
    generateRounds: 1,
  },
};
