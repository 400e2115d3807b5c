// Lines of a chart from the buckets of a series and from evaluations. Pure.
import type { DashboardEvaluation } from '../../backend/protocol/dashboard';
import type { RunSeries } from '../../backend/protocol/run-series';
import type { PaletteName } from '../ui/palette';
import { gapsAsNull, smoothed, smoothFrom } from './buckets';
import { dotted, type Line } from './chart-kinds';
import type { PlotLine } from './plot';

export interface Look {
  readonly smooth: boolean;
}

/** Lines of a chart from the columns of a series; lines without any value are left out. */
export function plotLines(series: RunSeries, lines: readonly Line[], { smooth }: Look): PlotLine[] {
  return lines.flatMap(({ label, column, colour, dash }) => {
    const values = series.columns[column];
    if (!values?.mean.some((value) => Number.isFinite(value))) return [];
    const mean = gapsAsNull(values.mean, series.buckets);
    const smoothing = smooth && series.buckets >= smoothFrom;
    return [
      {
        ...{ label, colour, values: smoothing ? smoothed(mean) : mean },
        ...(dash && { dash }),
        ...(smoothing && { faint: mean, width: 2, spanGaps: true }),
        ...(values.min && { low: gapsAsNull(values.min, series.buckets) }),
        ...(values.max && { high: gapsAsNull(values.max, series.buckets) }),
      },
    ];
  });
}

const heldOutColours: readonly PaletteName[] = ['correct', 'line-4', 'line-2', 'line-3', 'line-5'];

/** Held-out values with their intervals: pass@1 first, greedy dashed. */
export function heldOutLines(evaluations: readonly DashboardEvaluation[]): PlotLine[] {
  const names = [...new Set(evaluations.flatMap(({ values }) => Object.keys(values)))];
  const k = (name: string) => Number(/^eval\/pass@(\d+)$/.exec(name)?.[1] ?? Number.NaN);
  const passes = names.filter((name) => !Number.isNaN(k(name))).sort((a, b) => k(a) - k(b));
  const shown = [...passes, ...names.filter((name) => name === 'eval/greedy')];
  const pick = (read: (evaluation: DashboardEvaluation) => number | null | undefined) =>
    evaluations.map((evaluation) => {
      const value = read(evaluation);
      return value ?? null;
    });
  return shown.map((name, index) => ({
    label: name.replace(/^eval\//, ''),
    colour: name === 'eval/greedy' ? 'total' : (heldOutColours[index % heldOutColours.length] ?? 'text'),
    points: true,
    ...(name === 'eval/greedy' && { dash: dotted }),
    values: pick(({ values }) => values[name]),
    low: pick(({ intervals }) => intervals[name]?.[0]),
    high: pick(({ intervals }) => intervals[name]?.[1]),
  }));
}
