// What all decoders share of choosing a token: greedy, or by the inverse of the cumulative distribution with one uniform
// number a row, over the whole vocabulary or over the nucleus of top-p (arXiv 1904.09751).

export interface SamplingSettings {
  readonly greedy: boolean;
  readonly temperature: number;
  readonly topP: number;
}

export type SamplingMode = 'greedy' | 'sample' | 'nucleus';

export function samplingMode({ greedy, topP }: SamplingSettings): SamplingMode {
  if (greedy) return 'greedy';
  return topP < 1 ? 'nucleus' : 'sample';
}

/** Vocabularies up to this size are summed in one level. */
const oneLevelVocabulary = 1024;
/** The largest float32 below 1. */
export const largestUniform = 1 - 2 ** -24;

/** How a vocabulary is cut into equal blocks, near its square root, padded when it has no such divisor. */
export function vocabularyBlocks(vocabularySize: number): { readonly blocks: number; readonly blockSize: number } {
  if (vocabularySize <= oneLevelVocabulary) return { blocks: 1, blockSize: vocabularySize };
  const root = Math.round(Math.sqrt(vocabularySize));
  for (let blocks = root; blocks * 4 >= root; blocks--) {
    if (vocabularySize % blocks === 0) return { blocks, blockSize: vocabularySize / blocks };
  }
  return { blocks: root, blockSize: Math.ceil(vocabularySize / root) };
}
