// Fills the arrays of a packed micro-batch: token ids, which positions are scored, and the loss's inputs for each
// scored token. Names are those of ScoreInputs and LossInputs.
import type { LossRow, ScoredRow } from './engine';
import { type BatchShape, type PackedBatch, scoredTokens } from './packing';
import type { ScoreInputs } from './tensor/batch-gradient';
import type { LossInputs } from './tensor/token-loss';

export interface BatchArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}
export type ScoreArrays = Record<keyof ScoreInputs, BatchArray>;
export type LossArrays = Record<keyof LossInputs, BatchArray>;

/** Shapes and element types of all inputs: what a graph is traced with before there are numbers. */
export function scoreInputShapes({ rows, tokens, scored }: BatchShape): Record<keyof ScoreInputs, InputShape> {
  return {
    tokenIds: { shape: [rows * tokens], type: 'int32' },
    positions: { shape: [scored], type: 'int32' },
    inverse: { shape: [rows * tokens], type: 'int32' },
    targets: { shape: [scored], type: 'int32' },
    inverseTemperature: { shape: [scored, 1], type: 'float32' },
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

export interface InputShape {
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32';
}

function emptyArrays<Name extends string>(shapes: Record<Name, InputShape>): Record<Name, BatchArray> {
  const entries = Object.entries<InputShape>(shapes).map(([name, { shape, type }]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return [name, { shape, data: type === 'int32' ? new Int32Array(size) : new Float32Array(size) }];
  });
  return Object.fromEntries(entries) as Record<Name, BatchArray>;
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
  const { tokens, scored } = batch.shape;
  const arrays = emptyArrays(scoreInputShapes(batch.shape));
  arrays.inverse.data.fill(scored);
  arrays.inverseTemperature.data.fill(1);
  let next = 0;
  batch.rows.forEach((index, place) => {
    const row = rowAt(rows, index);
    arrays.tokenIds.data.set(row.tokenIds, place * tokens);
    for (let token = row.promptLength; token < row.tokenIds.length; token++, next++) {
      const position = place * tokens + token - 1; // the state before a token predicts it
      arrays.positions.data[next] = position;
      arrays.inverse.data[position] = next;
      arrays.targets.data[next] = row.tokenIds[token] ?? 0;
      arrays.inverseTemperature.data[next] = 1 / row.temperature;
    }
  });
  return arrays;
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
