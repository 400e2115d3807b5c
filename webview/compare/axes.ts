// Runs of different lengths on one axis: steps, tokens or wall clock. Pure.
import type { ComparedRun, DashboardEvaluation } from '../../backend/protocol/dashboard';
import { elapsedMsColumn, type RunSeries, usedTokensColumn } from '../../backend/protocol/run-series';
import { stepsOf, type Values } from '../charts/buckets';

export const axisNames = ['steps', 'tokens', 'minutes'] as const;
export type AxisName = (typeof axisNames)[number];

/** Where each bucket ends on the axis; NaN where the run doesn't say. */
export function bucketEnds(series: RunSeries, axis: AxisName): number[] {
  if (axis === 'steps') return Array.from({ length: series.buckets }, (_, bucket) => stepsOf(series, bucket)[1]);
  const column = series.columns[axis === 'tokens' ? usedTokensColumn : elapsedMsColumn];
  const scale = axis === 'tokens' ? 1 : 1 / 60_000;
  return Array.from({ length: series.buckets }, (_, bucket) => {
    const value = column?.max?.[bucket] ?? column?.mean[bucket];
    return value === undefined ? Number.NaN : value * scale;
  });
}

export function placeOf({ step, usedTokens, elapsedMs }: DashboardEvaluation, axis: AxisName): number {
  return { steps: step, tokens: usedTokens, minutes: elapsedMs / 60_000 }[axis];
}

/** The farthest that any run goes on the axis. */
export function axisEnd(runs: readonly ComparedRun[], axis: AxisName): number {
  const ends = runs.flatMap(({ series }) => bucketEnds(series, axis)).filter((end) => Number.isFinite(end));
  return Math.max(1e-9, ...ends);
}

export interface Curve {
  readonly x: readonly number[];
  readonly y: Values;
}

/** One x for all curves; where a curve has no point, null. */
export function joinCurves(curves: readonly Curve[]): { x: number[]; values: Values[] } {
  const x = [...new Set(curves.flatMap((curve) => curve.x.filter((place) => Number.isFinite(place))))].sort(
    (a, b) => a - b,
  );
  const values = curves.map((curve) => {
    const at = new Map(curve.x.map((place, index) => [place, curve.y[index] ?? null]));
    return x.map((place) => at.get(place) ?? null);
  });
  return { x, values };
}
