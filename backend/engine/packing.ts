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

/** Rows without a scored token are in no batch. */
export function pack(
  rows: readonly ScoredRow[],
  plan: Pick<EnginePlan, 'microBatchTokens' | 'tokenBucket'>,
): PackedBatch[] {
  const order = rows.flatMap((row, index) => (scoredTokens(row) > 0 ? [{ row, index }] : []));
  order.sort((a, b) => b.row.tokenIds.length - a.row.tokenIds.length || a.index - b.index);
  const batches: PackedBatch[] = [];
  for (let start = 0; start < order.length; ) {
    const longest = order[start]?.row.tokenIds.length ?? 0;
    const tokens = roundUp(longest, plan.tokenBucket);
    const most = Math.max(1, Math.floor(plan.microBatchTokens / tokens));
    const remaining = order.length - start;
    // Even shares of what is left, instead of full batches and a nearly empty last one.
    const even = Math.ceil(remaining / Math.ceil(remaining / most));
    const size = Math.min(most, roundUp(even, Math.ceil(most / 8)));
    const taken = order.slice(start, start + size);
    const scored = taken.reduce((sum, { row }) => sum + scoredTokens(row), 0);
    batches.push({
      rows: taken.map(({ index }) => index),
      shape: { rows: size, tokens, scored: roundUp(scored, Math.ceil((size * tokens) / 8)) },
    });
    start += size;
  }
  return batches;
}
