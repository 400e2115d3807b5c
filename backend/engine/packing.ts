// Packs rows into micro-batches of static shapes. Rows that go on from one prompt share it: it is computed once for all
// of them, and they attend to its keys and values. Rows of different lengths are not padded for the dense layers, which
// take a plain list of tokens, only for attention. Shapes are rounded so that few graphs serve all steps. What a row
// contributes does not depend on how it is packed.
import type { EnginePlan, ScoredRow } from './engine';

/** The tokens of a batch, and their places for attention. */
export interface TokenShape {
  /** Tokens that are computed, padded. Fewer than there are places when rows are padded for attention only. */
  readonly tokens: number;
  readonly rows: number;
  /** Places of a row, padded on the right: its tokens but the last, without those of a shared prompt. */
  readonly rowTokens: number;
  /** Shared prompts; 0: each row brings its own. */
  readonly prefixes: number;
  /** Places of a shared prompt, padded on the left: its tokens but the last, with which each row begins. */
  readonly prefixTokens: number;
}

export interface BatchShape extends TokenShape {
  /** Scored tokens of the whole batch, padded. */
  readonly scored: number;
}

export interface PackedBatch {
  /** Index of each row in the list given; fewer than shape.rows when the batch is padded with empty rows. */
  readonly rows: readonly number[];
  /** The shared prompt of each of these rows; empty when the shape has none. */
  readonly prefixOf: readonly number[];
  readonly shape: BatchShape;
}

/** What of a plan packing goes by. */
export type PackingPlan = Pick<EnginePlan, 'microBatchTokens' | 'tokenBucket' | 'sharePrompts'>;

/** Places for attention, in the order in which its arrays have them: shared prompts, then rows. */
export function placesOf({ rows, rowTokens, prefixes, prefixTokens }: Omit<TokenShape, 'tokens'>): number {
  return prefixes * prefixTokens + rows * rowTokens;
}

/** Whether tokens stand in another order than their places: then arrays lead from one to the other. */
export function isSpread(shape: TokenShape): boolean {
  return shape.tokens !== placesOf(shape);
}

export function scoredTokens(row: ScoredRow): number {
  return row.tokenIds.length - row.promptLength;
}

/** Tokens of a row that a batch of this shape computes as its shared prompt. */
export function sharedTokens(row: ScoredRow, { prefixes }: Pick<BatchShape, 'prefixes'>): number {
  return prefixes > 0 ? row.promptLength - 1 : 0;
}

/** Attention may have this many places for one token of the budget (memory is reckoned by tokens), and read this many keys. */
const mostPlaces = 2;
const mostKeys = 16;
/** What a batch and what a graph cost, as shares of a full batch: about 0.7 s of 5 at 135 million parameters on two cores. */
const batchCost = 1 / 8;
const graphCost = 1 / 8;
/** In how many steps the scored tokens of a shape go up whose tokens have no places: it has other sizes enough. */
const spreadScoredSteps = 4;
/** Computing less is taken up from here on: steps that go now one way, now the other need the graphs of both. */
const worthwhile = 0.95;

/** A row to be packed. */
interface Item {
  readonly index: number;
  readonly row: ScoredRow;
  /** Tokens of its own. */
  readonly tokens: number;
  /** The prompt that it shares; undefined: none. */
  readonly prefix: { readonly tokens: number } | undefined;
}

/**
 * Rows without a scored token are in no batch.
 * @param scoredSteps the number of scored tokens is rounded up to a multiple of all tokens divided by this, and that of
 *   rows about as far: fewer steps need fewer graphs and pad more
 */
export function pack(rows: readonly ScoredRow[], plan: PackingPlan, scoredSteps = 8): PackedBatch[] {
  const apart = batchesOf(itemsApart(rows), plan, scoredSteps);
  if (plan.sharePrompts === false) return apart;
  const items = itemsTogether(rows);
  if (new Set(items.map(({ prefix }) => prefix)).size === items.length) return apart; // no prompt has two rows
  const together = batchesOf(items, plan, scoredSteps);
  return cost(together, plan) < worthwhile * cost(apart, plan) ? together : apart;
}

/** Each row with its own prompt, the longest first. */
function itemsApart(rows: readonly ScoredRow[]): Item[] {
  const items = rows.map((row, index) => ({ index, row, tokens: row.tokenIds.length - 1, prefix: undefined }));
  return items.filter(({ row }) => scoredTokens(row) > 0).sort(byLength);
}

/** Rows that share a prompt one after the other, those with the longest row first. */
function itemsTogether(rows: readonly ScoredRow[]): Item[] {
  const groups = new Map<string, Item[]>();
  rows.forEach((row, index) => {
    if (scoredTokens(row) === 0) return;
    const key = row.tokenIds.subarray(0, row.promptLength - 1).join();
    const group = groups.get(key) ?? [];
    const prefix = group[0]?.prefix ?? { tokens: row.promptLength - 1 };
    group.push({ index, row, prefix, tokens: row.tokenIds.length - row.promptLength });
    groups.set(key, group);
  });
  for (const group of groups.values()) group.sort(byLength);
  return [...groups.values()].sort(([a], [b]) => (a && b ? byLength(a, b) : 0)).flat();
}

function byLength(a: Item, b: Item): number {
  return b.tokens - a.tokens || a.index - b.index;
}

/** What a batch holds while it is filled. */
interface Filling {
  readonly items: readonly Item[];
  readonly prefixes: readonly Item['prefix'][];
  readonly tokens: number;
  readonly rowTokens: number;
  readonly prefixTokens: number;
}

const empty: Filling = { items: [], prefixes: [], tokens: 0, rowTokens: 0, prefixTokens: 0 };

function withItem(filling: Filling, item: Item, bucket: number): Filling {
  const isNew = item.prefix !== undefined && !filling.prefixes.includes(item.prefix);
  const prefixTokens = item.prefix === undefined ? 0 : paddedLength(Math.max(1, item.prefix.tokens), bucket);
  return {
    items: [...filling.items, item],
    prefixes: isNew ? [...filling.prefixes, item.prefix] : filling.prefixes,
    tokens: filling.tokens + item.tokens + (isNew ? (item.prefix?.tokens ?? 0) : 0),
    rowTokens: Math.max(filling.rowTokens, paddedLength(item.tokens, bucket)),
    prefixTokens: Math.max(filling.prefixTokens, prefixTokens),
  };
}

function fits({ items, prefixes, tokens, rowTokens, prefixTokens }: Filling, budget: number): boolean {
  const exact = { rows: items.length, rowTokens, prefixes: prefixes.length, prefixTokens };
  const placesFit = placesOf(exact) <= budget || placesOf(roundedCounts(exact)) <= mostPlaces * budget;
  return tokens <= budget && placesFit && items.length * (prefixTokens + rowTokens) <= mostKeys * budget;
}

/** Fuller or emptier ones, whichever cost least: batches of one shape need one graph, and emptier ones less memory. */
function batchesOf(items: readonly Item[], plan: PackingPlan, scoredSteps: number): PackedBatch[] {
  let best: PackedBatch[] = [];
  let lowest = Number.POSITIVE_INFINITY;
  for (let share = 1; share >= 1 / 8; share -= 1 / 32) {
    const fillings = filled(items, share * plan.microBatchTokens, plan.tokenBucket);
    const batches = fillings.map((filling) => packed(filling, plan, scoredSteps));
    const costs = cost(batches, plan);
    if (costs > lowest) continue;
    best = batches;
    lowest = costs;
  }
  return best;
}

/** In tokens: each batch adds its gradient to all weights, and each shape needs a graph. */
function cost(batches: readonly PackedBatch[], { microBatchTokens }: PackingPlan): number {
  const shapes = new Set(batches.map(({ shape }) => JSON.stringify(shape)));
  const tokens = sum(batches.map(({ shape }) => shape.tokens));
  return tokens + microBatchTokens * (batches.length * batchCost + shapes.size * graphCost);
}

function filled(items: readonly Item[], budget: number, bucket: number): Filling[] {
  const fillings: Filling[] = [];
  let filling = empty;
  for (const item of items) {
    let next = withItem(filling, item, bucket);
    if (filling.items.length > 0 && !fits(next, budget)) {
      fillings.push(filling);
      next = withItem(empty, item, bucket);
    }
    filling = next;
  }
  return filling.items.length > 0 ? [...fillings, filling] : fillings;
}

function packed(filling: Filling, plan: PackingPlan, scoredSteps: number): PackedBatch {
  const { items, prefixes } = filling;
  return {
    rows: items.map(({ index }) => index),
    prefixOf: prefixes.length === 0 ? [] : items.map(({ prefix }) => prefixes.indexOf(prefix)),
    shape: shapeOf(filling, plan, scoredSteps),
  };
}

function shapeOf(filling: Filling, plan: PackingPlan, scoredSteps: number): BatchShape {
  const placed = placedShape(filling, plan, scoredSteps / 2);
  const spread = spreadShape(filling, plan);
  const isTooFull = placed.tokens > plan.microBatchTokens && spread.tokens < placed.tokens;
  const isSpreadOut = spread.tokens < worthwhile * placed.tokens || isTooFull;
  const shape = isSpreadOut ? spread : placed;
  const scored = filling.items.map(({ row }) => scoredTokens(row));
  const rounded = roundUp(sum(scored), Math.ceil(shape.tokens / (isSpreadOut ? spreadScoredSteps : scoredSteps)));
  // What these rows can score at most: completions that all fill their room are not padded further.
  const most = shape.rows * roundUp(Math.max(...scored), plan.tokenBucket);
  return { ...shape, scored: Math.min(most, shape.tokens, rounded) };
}

/** Every token in its place. */
function placedShape(filling: Filling, { microBatchTokens }: PackingPlan, rowParts: number): TokenShape {
  const { items, rowTokens, prefixTokens } = filling;
  const prefixes = filling.prefixes.length;
  const most = Math.max(items.length, Math.floor((microBatchTokens - prefixes * prefixTokens) / rowTokens));
  const places = { rows: Math.min(most, roundedUp(items.length, rowParts)), rowTokens, prefixes, prefixTokens };
  return { ...places, tokens: placesOf(places) };
}

/** Tokens without their places. */
function spreadShape(filling: Filling, { microBatchTokens, tokenBucket }: PackingPlan): TokenShape {
  const { items, prefixes, rowTokens, prefixTokens } = filling;
  const step = roundUp(Math.ceil(microBatchTokens / 8), tokenBucket);
  const tokens = Math.min(roundUp(filling.tokens, step), Math.max(microBatchTokens, filling.tokens));
  return { tokens, ...roundedCounts({ rows: items.length, rowTokens, prefixes: prefixes.length, prefixTokens }) };
}

/** Of tokens without their places only the number costs much, so the others are rounded further. */
function roundedCounts<Counts extends { readonly rows: number; readonly prefixes: number }>(counts: Counts): Counts {
  return { ...counts, rows: roundedUp(counts.rows, 2), prefixes: roundedUp(counts.prefixes, 1) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

/** The next number of those that divide each octave into so many parts: with 2 parts 1, 2, 3, 4, 6, 8, 12, 16, 24, … */
function roundedUp(count: number, parts: number): number {
  if (count === 0) return 0;
  return roundUp(count, Math.max(1, 2 ** Math.floor(Math.log2(count)) / parts));
}

/**
 * Padded length of rows: a multiple of the bucket, coarser for long rows (an eighth of the next lower power of two), so
 * that lengths of any spread need few graphs.
 */
function paddedLength(longest: number, tokenBucket: number): number {
  const coarse = 2 ** Math.floor(Math.log2(longest)) / 8;
  return roundUp(longest, roundUp(Math.max(coarse, 1), tokenBucket));
}
