// Draws the switch strip: stacked cells of whole device pixels, so that neither 20 nor 20,000 steps leave seams.
import uPlot from 'uplot';
import type { DashboardMarks } from '../../backend/protocol/dashboard';
import type { RunSeries } from '../../backend/protocol/run-series';
import type { Palette, PaletteName } from '../ui/palette';
import { stepsOf } from './buckets';
import { type SwitchShares, switchShares } from './switch-words';

/** Heights in CSS pixels, top to bottom. */
const lanes = { marks: 22, decision: 62, gap: 3, masked: 4, solved: 26 } as const;
const topPadding = 6;
const axisHeight = 22;
export const stripHeight =
  topPadding + lanes.marks + lanes.decision + lanes.gap + lanes.masked + lanes.solved + axisHeight;

interface Part {
  readonly colour: PaletteName;
  readonly share: number;
}

function decisionParts({ pg, pgIdle, mix, sft, skip }: SwitchShares): Part[] {
  return [
    { colour: 'pg', share: pg - pgIdle },
    { colour: 'pg-idle', share: pgIdle },
    { colour: 'mix', share: mix },
    { colour: 'sft', share: sft },
    { colour: 'skip', share: skip },
  ];
}

function solvedParts({ solved }: SwitchShares): Part[] {
  if (!solved) return [];
  return [
    { colour: 'solved-all', share: solved.all },
    { colour: 'solved-some', share: solved.some },
    { colour: 'solved-none', share: solved.none },
  ];
}

/** Where the cells of a lane lie on the x axis: cell i from the end of the one before to ends[i]. */
export interface Cells {
  readonly start: number;
  readonly ends: readonly number[];
}

/** Cells that are as wide as their steps. */
export function stepCells(series: RunSeries): Cells {
  const ends = Array.from({ length: series.buckets }, (_, bucket) => stepsOf(series, bucket)[1] + 0.5);
  return { start: series.firstBucket * series.stepsPerBucket + 0.5, ends };
}

export function drawStrip(
  plot: uPlot,
  palette: Palette,
  series: RunSeries,
  marks: Pick<DashboardMarks, 'alarms' | 'checkpoints'>,
): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const fills = new Fills(ctx, palette);
  const top = Math.round(bbox.top + lanes.marks * ratio);
  const decisionHeight = Math.round(lanes.decision * ratio);
  const maskedTop = top + decisionHeight + Math.round(lanes.gap * ratio);
  const maskedHeight = Math.round((lanes.masked - 1) * ratio);
  const solvedTop = maskedTop + Math.round(lanes.masked * ratio);
  const solvedHeight = Math.round(lanes.solved * ratio);
  eachCell(plot, series, stepCells(series), (shares, left, width) => {
    fills.stack(decisionParts(shares), left, top, width, decisionHeight);
    fills.stack(solvedParts(shares), left, solvedTop, width, solvedHeight);
    if (shares.masked <= 0) return;
    ctx.globalAlpha = 0.35 + 0.65 * shares.masked;
    ctx.fillStyle = palette.colours.alarm;
    ctx.fillRect(left, maskedTop, width, maskedHeight);
    ctx.globalAlpha = 1;
  });
  drawMarks(plot, palette, marks, ratio);
}

/** The decisions alone, over the whole height: a run among others. */
export function drawDecisions(plot: uPlot, palette: Palette, series: RunSeries, cells: Cells): void {
  const { ctx, bbox } = plot;
  const fills = new Fills(ctx, palette);
  eachCell(plot, series, cells, (shares, left, width) =>
    fills.stack(decisionParts(shares), left, Math.round(bbox.top), width, Math.round(bbox.height)),
  );
}

/** Calls back with place and width in canvas pixels of every cell that is in sight and has decisions. */
function eachCell(
  plot: uPlot,
  series: RunSeries,
  { start, ends }: Cells,
  draw: (shares: SwitchShares, left: number, width: number) => void,
): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const edge = (x: number) => Math.round(plot.valToPos(x, 'x', true));
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  let left = edge(start);
  for (const [bucket, end] of ends.entries()) {
    const next = edge(end);
    const inSight = next >= bbox.left && left <= bbox.left + bbox.width;
    const shares = inSight ? switchShares(series, bucket) : undefined;
    // A gap between cells only where they are wide enough to be told apart.
    const gap = next - left >= 6 * ratio ? Math.round(ratio) : 0;
    if (shares) draw(shares, left, Math.max(1, next - left - gap));
    left = next;
  }
  ctx.restore();
}

/** Alarms as triangles, below them checkpoints as diamonds (the best one filled), above the cells. */
function drawMarks(
  plot: uPlot,
  { colours }: Palette,
  { alarms, checkpoints }: Pick<DashboardMarks, 'alarms' | 'checkpoints'>,
  ratio: number,
): void {
  const { ctx, bbox } = plot;
  const alarmMiddle = bbox.top + 5 * ratio;
  const middle = bbox.top + 15 * ratio;
  const size = 4 * ratio;
  ctx.lineWidth = ratio;
  ctx.lineJoin = 'round';
  const best = checkpoints.findLast((checkpoint) => checkpoint.best);
  for (const checkpoint of checkpoints) {
    const x = plot.valToPos(Math.max(1, checkpoint.step), 'x', true);
    ctx.beginPath();
    ctx.moveTo(x, middle - size);
    ctx.lineTo(x + size, middle);
    ctx.lineTo(x, middle + size);
    ctx.lineTo(x - size, middle);
    ctx.closePath();
    ctx.strokeStyle = ctx.fillStyle = colours.muted;
    ctx.stroke();
    if (checkpoint === best) ctx.fill();
  }
  for (const { step } of alarms) {
    const x = plot.valToPos(Math.max(1, step), 'x', true);
    ctx.beginPath();
    ctx.moveTo(x, alarmMiddle - size);
    ctx.lineTo(x + size, alarmMiddle + size);
    ctx.lineTo(x - size, alarmMiddle + size);
    ctx.closePath();
    ctx.fillStyle = colours.alarm;
    ctx.fill();
  }
}

/** Fill styles by colour; in high contrast some carry a pattern too. */
class Fills {
  readonly #patterns = new Map<PaletteName, CanvasPattern | string>();

  constructor(
    private readonly ctx: CanvasRenderingContext2D,
    private readonly palette: Palette,
  ) {}

  /** Parts from the bottom up; rounding errors go to none of them, since edges are rounded, not heights. */
  stack(parts: readonly Part[], left: number, top: number, width: number, height: number): void {
    let below = 0;
    for (const { colour, share } of parts) {
      if (share <= 0) continue;
      const from = Math.round(top + height * (1 - below));
      below = Math.min(1, below + share);
      const to = Math.round(top + height * (1 - below));
      this.ctx.fillStyle = this.#style(colour);
      // What happened to one group of many must be seen: never less than a pixel.
      this.ctx.fillRect(left, Math.min(to, from - 1), width, Math.max(1, from - to));
    }
  }

  #style(colour: PaletteName): CanvasPattern | string {
    const known = this.#patterns.get(colour);
    if (known) return known;
    const style =
      (this.palette.highContrast && hatched(colour, this.palette, this.ctx)) || this.palette.colours[colour];
    this.#patterns.set(colour, style);
    return style;
  }
}

/** Stripes of the background over the colour: falling for traces, dots for “both”, sparse for no signal. */
function hatched(colour: PaletteName, { colours }: Palette, ctx: CanvasRenderingContext2D): CanvasPattern | undefined {
  if (colour !== 'sft' && colour !== 'mix' && colour !== 'pg-idle') return undefined;
  const side = Math.round(6 * uPlot.pxRatio);
  const tile = document.createElement('canvas');
  tile.width = tile.height = side;
  const paint = tile.getContext('2d');
  if (!paint) return undefined;
  paint.fillStyle = colours[colour];
  paint.fillRect(0, 0, side, side);
  paint.strokeStyle = paint.fillStyle = colours.background;
  paint.lineWidth = side / 6;
  if (colour === 'mix') paint.fillRect(side / 3, side / 3, side / 3, side / 3);
  else {
    paint.beginPath();
    for (const offset of [-side, 0, side]) {
      const [from, to] = colour === 'sft' ? [0, side] : [side, 0];
      paint.moveTo(offset + from, 0);
      paint.lineTo(offset + to, side);
    }
    paint.stroke();
  }
  return ctx.createPattern(tile, 'repeat') ?? undefined;
}
