// Fills the arrays of a packed micro-batch: token ids, where each stands for attention, which are scored, and the loss's
// inputs for each scored token. Names are those of ScoreInputs and LossInputs.
import type { LossRow, ScoredRow } from './engine';
import { type BatchShape, isSpread, type PackedBatch, placesOf, scoredTokens, sharedTokens } from './packing';
import { hiddenScore } from './tensor/attention';
import type { ScoreInputs } from './tensor/batch-gradient';
import type { LossInputs } from './tensor/token-loss';

export interface BatchArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}
export type ScoreArrays = { readonly [Name in keyof ScoreInputs]: BatchArray };
export type LossArrays = Record<keyof LossInputs, BatchArray>;

export interface InputShape {
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32';
}

/** Shapes and element types of all inputs: what a graph is traced with before there are numbers. */
export function scoreInputShapes(shape: BatchShape): { readonly [Name in keyof ScoreInputs]: InputShape } {
  const { tokens, rows, prefixes, prefixTokens, scored } = shape;
  const places = placesOf(shape);
  return {
    tokenIds: { shape: [tokens], type: 'int32' },
    positions: { shape: [scored], type: 'int32' },
    inverse: { shape: [tokens], type: 'int32' },
    targets: { shape: [scored], type: 'int32' },
    inverseTemperature: { shape: [scored, 1], type: 'float32' },
    ...(prefixes > 0 && {
      prefixOf: { shape: [rows], type: 'int32' },
      prefixRows: { shape: [prefixes, rows], type: 'float32' },
      prefixMask: { shape: [prefixes, prefixTokens], type: 'float32' },
    }),
    ...(isSpread(shape) && {
      tokenAtPlace: { shape: [places], type: 'int32' },
      tokenAtPlaceOrNone: { shape: [places], type: 'int32' },
      placeOfToken: { shape: [tokens], type: 'int32' },
      placeOfTokenOrNone: { shape: [tokens], type: 'int32' },
    }),
  };
}

/** What a training graph is fed with beside the weights and scoreInputShapes, by name. */
export function lossInputShapes({ rows, scored }: BatchShape): Record<keyof LossInputs, InputShape> {
  const perToken: InputShape = { shape: [scored], type: 'float32' };
  return {
    pgWeight: perToken,
    sftWeight: perToken,
    entropyWeight: perToken,
    advantage: perToken,
    oldLogProb: perToken,
    oldGiven: perToken,
    refLogProb: perToken,
    refGiven: perToken,
    sequenceMean: { shape: [rows, scored], type: 'float32' },
    sequenceOf: { shape: [scored, rows], type: 'float32' },
  };
}

type Arrays<Shapes> = { readonly [Name in keyof Shapes]: BatchArray };

function emptyArrays<Shapes extends { readonly [Name in keyof Shapes]: InputShape }>(shapes: Shapes): Arrays<Shapes> {
  const entries = Object.entries<InputShape>(shapes).map(([name, { shape, type }]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, { shape, data: type === 'int32' ? new Int32Array(size) : new Float32Array(size) }];
  });
  return Object.fromEntries(entries) as Arrays<Shapes>;
}

/** Where the scored tokens of each row of a batch lie, [start, end) by place in the batch. */
export function scoredSpans(batch: PackedBatch, rows: readonly ScoredRow[]): { start: number; end: number }[] {
  let start = 0;
  return batch.rows.map((index) => {
    const span = { start, end: start + scoredTokens(rowAt(rows, index)) };
    start = span.end;
    return span;
  });
}

/** @throws Error when there is no such row: a defect, since indices come from the packing. */
export function rowAt<Row>(rows: readonly Row[], index: number): Row {
  const row = rows[index];
  if (row === undefined) throw new Error(`There is no row ${index}.`);
  return row;
}

/** Token ids, masks and places of a packed batch as the graphs' input arrays. */
export function scoreArrays(batch: PackedBatch, rows: readonly ScoredRow[]): ScoreArrays {
  const { shape } = batch;
  const arrays = emptyArrays(scoreInputShapes(shape));
  const { tokenIds, positions, inverse, targets, inverseTemperature } = arrays;
  inverse.data.fill(shape.scored);
  inverseTemperature.data.fill(1);
  arrays.tokenAtPlaceOrNone?.data.fill(shape.tokens);
  arrays.placeOfTokenOrNone?.data.fill(placesOf(shape));
  let placed = 0;
  /** Where the first of these tokens stands among all that are computed. */
  const place = (ids: Int32Array, firstPlace: number): number => {
    const first = isSpread(shape) ? placed : firstPlace;
    tokenIds.data.set(ids, first);
    for (let token = 0; token < ids.length; token++) {
      for (const array of [arrays.tokenAtPlace, arrays.tokenAtPlaceOrNone]) {
        if (array) array.data[firstPlace + token] = first + token;
      }
      for (const array of [arrays.placeOfToken, arrays.placeOfTokenOrNone]) {
        if (array) array.data[first + token] = firstPlace + token;
      }
    }
    placed += ids.length;
    return first;
  };

  placePrefixes(batch, rows, arrays, place);
  let next = 0;
  batch.rows.forEach((index, rowPlace) => {
    const row = rowAt(rows, index);
    const shared = sharedTokens(row, shape);
    const firstPlace = shape.prefixes * shape.prefixTokens + rowPlace * shape.rowTokens;
    const first = place(row.tokenIds.subarray(shared, -1), firstPlace);
    for (let token = row.promptLength; token < row.tokenIds.length; token++, next++) {
      const position = first + token - shared - 1; // the state before a token predicts it
      positions.data[next] = position;
      inverse.data[position] = next;
      targets.data[next] = row.tokenIds[token] ?? 0;
      inverseTemperature.data[next] = 1 / row.temperature;
    }
  });
  return arrays;
}

/** Shared prompts, once each, and who goes on from them. */
function placePrefixes(
  { rows: indices, prefixOf, shape }: PackedBatch,
  rows: readonly ScoredRow[],
  { prefixOf: prefixOfRow, prefixRows, prefixMask }: ScoreArrays,
  place: (ids: Int32Array, firstPlace: number) => number,
): void {
  if (prefixOfRow === undefined || prefixRows === undefined || prefixMask === undefined) return;
  const { prefixTokens } = shape;
  let known = 0;
  prefixOf.forEach((prefix, rowPlace) => {
    prefixOfRow.data[rowPlace] = prefix;
    prefixRows.data[prefix * shape.rows + rowPlace] = 1;
    if (prefix < known) return;
    known++;
    const row = rowAt(rows, rowAt(indices, rowPlace));
    const padding = prefixTokens - sharedTokens(row, shape);
    prefixMask.data.fill(hiddenScore, prefix * prefixTokens, prefix * prefixTokens + padding);
    place(row.tokenIds.subarray(0, sharedTokens(row, shape)), prefix * prefixTokens + padding);
  });
}

/** Weights, advantages and stored log-probabilities of a packed batch, one value a scored token (0 in padding). */
export function lossArrays(batch: PackedBatch, rows: readonly LossRow[]): LossArrays {
  const { scored, rows: batchRows } = batch.shape;
  const arrays = emptyArrays(lossInputShapes(batch.shape));
  scoredSpans(batch, rows).forEach(({ start, end }, place) => {
    const row = rowAt(rows, rowAt(batch.rows, place));
    arrays.pgWeight.data.fill(row.pgWeight, start, end);
    arrays.sftWeight.data.fill(row.sftWeight, start, end);
    arrays.entropyWeight.data.fill(row.entropyWeight, start, end);
    arrays.advantage.data.fill(row.advantage, start, end);
    if (row.oldLogProbs !== undefined) {
      arrays.oldLogProb.data.set(row.oldLogProbs, start);
      arrays.oldGiven.data.fill(1, start, end);
    }
    if (row.refLogProbs !== undefined) {
      arrays.refLogProb.data.set(row.refLogProbs, start);
      arrays.refGiven.data.fill(1, start, end);
    }
    arrays.sequenceMean.data.fill(1 / (end - start), place * scored + start, place * scored + end);
    for (let token = start; token < end; token++) arrays.sequenceOf.data[token * batchRows + place] = 1;
  });
  return arrays;
}
