// From a batch's scores back to the rows that they belong to.
import { rowAt, scoredSpans } from './batch-arrays';
import type { ScoredRow, TokenStatistics } from './engine';
import { type PackedBatch, scoredTokens } from './packing';

/** Zeros for every scored token of the rows, to be filled. */
export function emptyStatistics(rows: readonly ScoredRow[]): TokenStatistics[] {
  return rows.map((row) => {
    const tokens = scoredTokens(row);
    return { logProbs: new Float32Array(tokens), entropies: new Float32Array(tokens) };
  });
}

/** Copies a batch's scores ([scored, 2], row-major: log-probability, entropy) to its rows. */
export function fillStatistics(
  statistics: readonly TokenStatistics[],
  batch: PackedBatch,
  rows: readonly ScoredRow[],
  scores: Float32Array,
): void {
  scoredSpans(batch, rows).forEach(({ start, end }, place) => {
    const { logProbs, entropies } = rowAt(statistics, rowAt(batch.rows, place));
    for (let token = start; token < end; token++) {
      logProbs[token - start] = scores[2 * token] ?? 0;
      entropies[token - start] = scores[2 * token + 1] ?? 0;
    }
  });
}
