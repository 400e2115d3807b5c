// Packs rows into micro-batches of static shapes: sorted by length, cut to a token budget and padded on the right.
// Shapes are rounded so that few graphs serve all steps. What a row contributes does not depend on how it is packed.
import type { EnginePlan, ScoredRow } from './engine';

export interface BatchShape {
  readonly rows: number;
  /** Tokens a row, padded. */
  readonly tokens: number;
  /** Scored tokens of the whole batch, padded. */
  readonly scored: number;
}

export interface PackedBatch {
  /** Index of each row in the list given; fewer than shape.rows when the batch is padded with empty rows. */
  readonly rows: readonly number[];
  readonly shape: BatchShape;
}

export function scoredTokens(row: ScoredRow): number {
  return row.tokenIds.length - row.promptLength;
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/**
 * Padded length of rows: a multiple of the bucket, coarser for long rows (an eighth of the next lower power of two), so
 * that lengths of any spread need few graphs.
 */
function paddedLength(longest: number, tokenBucket: number): number {
  const coarse = 2 ** Math.floor(Math.log2(longest)) / 8;
  return roundUp(longest, roundUp(Math.max(coarse, 1), tokenBucket));
}

/**
 * Rows without a scored token are in no batch.
 * @param scoredSteps the number of scored tokens is rounded up to a multiple of all tokens divided by this, and that of
 *   the last batch's rows in the same way
 */
export function pack(
  rows: readonly ScoredRow[],
  plan: Pick<EnginePlan, 'microBatchTokens' | 'tokenBucket'>,
  scoredSteps = 8,
): PackedBatch[] {
  const order = rows.flatMap((row, index) => (scoredTokens(row) > 0 ? [{ row, index }] : []));
  order.sort((a, b) => b.row.tokenIds.length - a.row.tokenIds.length || a.index - b.index);
  const batches: PackedBatch[] = [];
  for (let start = 0; start < order.length; ) {
    const tokens = paddedLength(order[start]?.row.tokenIds.length ?? 0, plan.tokenBucket);
    const most = Math.max(1, Math.floor(plan.microBatchTokens / tokens));
    // The last batch has as many rows as are left, in steps, too: few shapes, little padding.
    const size = Math.min(most, roundUp(order.length - start, Math.ceil(most / scoredSteps)));
    const taken = order.slice(start, start + size);
    const scored = taken.reduce((sum, { row }) => sum + scoredTokens(row), 0);
    const shortestPrompt = Math.min(...taken.map(({ row }) => row.promptLength));
    // What these rows can score at most: completions that all fill their room are not padded further.
    const room = size * (tokens - Math.floor(shortestPrompt / plan.tokenBucket) * plan.tokenBucket);
    batches.push({
      rows: taken.map(({ index }) => index),
      shape: { rows: size, tokens, scored: Math.min(room, roundUp(scored, Math.ceil((size * tokens) / scoredSteps))) },
    });
    start += size;
  }
  return batches;
}
