// Generation without a cache: every step runs the whole sequences through the training code. Quadratic, for small
// sizes and for comparing other decoders with.
import type { ModelConfig } from '../../model/model-config';
import { checkGenerateRequest } from '../decoding/generate-request';
import { type GenerationRow, generationRows } from '../decoding/generation-row';
import type { GenerateRequest, Generation } from '../engine';
import { plainRows } from '../tensor/batch-attention';
import { type DecoderWeights, headName, hiddenStates, weight } from '../tensor/decoder-model';
import { tf } from '../tensor/tfjs';
import { sampleToken } from './sample-token';

interface Sequence {
  readonly row: GenerationRow;
  readonly tokenIds: number[];
}

/** Runs on the active tfjs backend. */
export function eagerGenerate(config: ModelConfig, weights: DecoderWeights, request: GenerateRequest): Generation {
  checkGenerateRequest(config, request);
  const sequences = generationRows(config, request).map((rows) =>
    rows.map((row): Sequence => ({ row, tokenIds: [...(request.groups[row.group]?.promptIds ?? [])] })),
  );
  let generatedTokens = 0;
  for (;;) {
    const running = sequences.flat().filter(({ row }) => !row.finished);
    if (running.length === 0) break;
    const logits = lastLogits(config, weights, running);
    running.forEach(({ row, tokenIds }, index) => {
      const { tokenId, logProb, entropy } = sampleToken(
        logits.subarray(index * config.vocabularySize, (index + 1) * config.vocabularySize),
        request,
        row.uniform(),
      );
      row.add(tokenId, logProb, entropy);
      tokenIds.push(tokenId);
    });
    generatedTokens += running.length;
    request.onToken?.(generatedTokens);
  }
  return {
    completions: sequences.map((group) => group.map(({ row }) => row.result())),
    prefilledTokens: request.groups.reduce((sum, group) => sum + group.promptIds.length, 0),
    generatedTokens,
  };
}

/** Logits after each sequence's last token, [sequences, vocabulary], row-major. */
function lastLogits(config: ModelConfig, weights: DecoderWeights, sequences: readonly Sequence[]): Float32Array {
  const rows = sequences.length;
  const tokens = Math.max(...sequences.map(({ tokenIds }) => tokenIds.length));
  const ids = new Int32Array(rows * tokens);
  const last = new Int32Array(rows);
  const inverse = new Int32Array(rows * tokens).fill(rows);
  sequences.forEach(({ tokenIds }, row) => {
    ids.set(tokenIds, row * tokens);
    last[row] = row * tokens + tokenIds.length - 1;
    inverse[last[row] ?? 0] = row;
  });
  return tf.tidy(() => {
    const embedded = tf.gather(weight(weights, 'model.embed_tokens.weight'), tf.tensor1d(ids, 'int32'));
    const selection = { index: tf.tensor1d(last, 'int32'), inverse: tf.tensor1d(inverse, 'int32') };
    const hidden = hiddenStates(config, weights, embedded, { shape: plainRows(rows, tokens), places: {} }, selection);
    const logits = tf.matMul(hidden, weight(weights, headName(config)), false, true);
    return Float32Array.from(logits.dataSync());
  });
}
