// One uPlot chart: lines with a band from minimum to maximum, the linked cursor, the chosen step, drag to zoom.
// Knows nothing of runs; chart-frame.ts puts title, legend and table around it.
import uPlot from 'uplot';
import { type Palette, type PaletteName, readPalette } from '../ui/palette';
import type { Values } from './buckets';
import type { Timeline } from './timeline';

export interface PlotLine {
  readonly label: string;
  readonly colour: PaletteName;
  readonly dash?: readonly number[];
  readonly width?: number;
  readonly points?: boolean;
  /** Lines on places of their own: what lies between them is joined. */
  readonly spanGaps?: boolean;
  readonly values: Values;
  /** Unsmoothed values, drawn faintly behind. */
  readonly faint?: Values;
  readonly low?: Values;
  readonly high?: Values;
}

export interface PlotOptions {
  readonly height: number;
  readonly timeline: Timeline;
  /** Charts with the same key share a cursor. */
  readonly syncKey: string;
  readonly axisText: (value: number) => string;
  /** The y axis always holds these values. */
  readonly include?: readonly number[];
  /** Limits of x; default: the timeline's. */
  readonly xRange?: () => readonly [number, number];
  readonly xText?: (value: number) => string;
  readonly yAxis?: boolean;
  readonly xAxis?: boolean;
  /** Draws under the lines, in canvas pixels. */
  readonly drawUnder?: (plot: uPlot, palette: Palette) => void;
  /** Place of the cursor in the data; null when it left. */
  readonly onCursor?: (index: number | null) => void;
  /** Charts on other axes than steps have no step to choose. */
  readonly choosesSteps?: boolean;
}

/** Series of uPlot a line is made of, in this order: faint, low, high, values. */
const seriesPerLine = 4;
const yAxisWidth = 54;
/** A mark narrower than this is a click with an unsteady hand. */
const dragPixels = 6;

export class Plot {
  readonly element: HTMLElement;
  readonly #options: PlotOptions;
  #plot: uPlot | undefined;
  #palette: Palette | undefined;
  #x: readonly number[] = [];
  #lines: readonly PlotLine[] = [];
  #shape = '';
  #hidden = new Set<string>();
  #zooming = false;
  readonly #stop: (() => void)[] = [];

  constructor(options: PlotOptions) {
    this.#options = options;
    this.element = document.createElement('div');
    this.element.className = 'plot';
    this.element.style.height = `${options.height}px`;
    const sizes = new ResizeObserver(() => this.#fit());
    sizes.observe(this.element);
    this.#stop.push(
      () => sizes.disconnect(),
      options.timeline.onChange(() => this.#plot?.redraw(false, false)),
    );
  }

  get hidden(): ReadonlySet<string> {
    return this.#hidden;
  }

  set(x: readonly number[], lines: readonly PlotLine[]): void {
    this.#x = x;
    this.#lines = lines;
    const shape = lines.map(({ label, colour, points }) => `${label} ${colour} ${points}`).join('\n');
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.rebuild();
    } else if (this.#plot) this.#plot.setData(this.#data());
    else this.#fit();
  }

  toggle(label: string): void {
    if (!this.#hidden.delete(label)) this.#hidden.add(label);
    const index = this.#lines.findIndex((line) => line.label === label);
    for (let part = 0; part < seriesPerLine; part++) {
      this.#plot?.setSeries(1 + index * seriesPerLine + part, { show: !this.#hidden.has(label) }, false);
    }
  }

  /** Anew, with the colours of the theme that is now. */
  rebuild(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#palette = undefined;
    this.#fit();
  }

  redraw(): void {
    this.#plot?.redraw(false, true);
  }

  destroy(): void {
    this.#plot?.destroy();
    for (const stop of this.#stop) stop();
  }

  #fit(): void {
    const width = Math.floor(this.element.clientWidth);
    const { height } = this.#options;
    if (width < 40) return;
    if (!this.#plot) this.#make(width);
    else if (this.#plot.width !== width) this.#plot.setSize({ width, height });
  }

  #data(): uPlot.AlignedData {
    const none: Values = this.#x.map(() => null);
    return [
      [...this.#x],
      ...this.#lines.flatMap(({ faint, low, high, values }) => [faint ?? none, low ?? none, high ?? none, values]),
    ];
  }

  #make(width: number): void {
    this.#palette ??= readPalette();
    const { colours, fontFamily } = this.#palette;
    const { height, timeline, syncKey, axisText, include = [], xAxis = true, yAxis = true } = this.#options;
    const xRange = this.#options.xRange ?? (() => timeline.shown);
    const font = `11px ${fontFamily}`;
    const axis = { stroke: colours.muted, font, ticks: { show: false }, grid: { stroke: colours.grid, width: 1 } };
    this.#plot = new uPlot(
      {
        width,
        height,
        padding: [yAxis ? 12 : 6, 22, 0, yAxis ? 0 : yAxisWidth],
        legend: { show: false },
        scales: {
          x: { time: false, range: () => [...xRange()] as [number, number] },
          y: { range: (_, low, high) => yRange(low, high, include) },
        },
        axes: [
          {
            ...axis,
            show: xAxis,
            size: 22,
            gap: 2,
            space: 44,
            grid: { show: false },
            ...(this.#options.choosesSteps !== false && { incrs: stepIncrements }),
            values: (_, splits) => (this.#options.xText ? splits.map(this.#options.xText) : stepTexts(splits)),
          },
          { ...axis, show: yAxis, size: yAxisWidth, gap: 4, space: 28, values: (_, splits) => splits.map(axisText) },
        ],
        series: [{}, ...this.#lines.flatMap((line) => this.#seriesOf(line, colours))],
        bands: this.#lines.map((line, index) => ({
          series: [1 + index * seriesPerLine + 2, 1 + index * seriesPerLine + 1] as [number, number],
          fill: transparent(colours[line.colour], 0.18),
        })),
        cursor: {
          y: false,
          points: { show: false },
          // At the edges uPlot takes a click for a drag and would swallow it; #zoom tells them apart.
          drag: { x: true, y: false, setScale: false, dist: dragPixels, click: () => undefined },
          sync: { key: syncKey, scales: ['x', null], setSeries: false },
        },
        hooks: {
          drawClear: [(plot) => this.#options.drawUnder?.(plot, this.#palette ?? readPalette())],
          draw: [(plot) => this.#drawChosen(plot, colours)],
          setCursor: [
            (plot) =>
              this.#options.onCursor?.(
                plot.cursor.left === undefined || plot.cursor.left < 0 ? null : (plot.cursor.idx ?? null),
              ),
          ],
          setSelect: [(plot) => this.#zoom(plot)],
          ready: [(plot) => this.#listen(plot)],
        },
      },
      this.#data(),
      this.element,
    );
  }

  #seriesOf(
    { label, colour, dash, width = 1.5, points, spanGaps = points === true }: PlotLine,
    colours: Palette['colours'],
  ): uPlot.Series[] {
    const show = !this.#hidden.has(label);
    const stroke = colours[colour];
    const edge = { show, width: 0, spanGaps, points: { show: false } };
    return [
      { show, stroke: transparent(stroke, 0.3), width: 1, spanGaps, points: { show: false } },
      edge,
      edge,
      {
        show,
        stroke,
        width,
        ...(dash && { dash: [...dash] }),
        points: width === 0 ? { show: false } : { ...(points && { show: true }), size: 5, fill: stroke, stroke },
        spanGaps,
      },
    ];
  }

  #drawChosen(plot: uPlot, colours: Palette['colours']): void {
    const { chosen } = this.#options.timeline;
    if (chosen === undefined || this.#options.choosesSteps === false) return;
    const { ctx, bbox } = plot;
    const x = Math.round(plot.valToPos(chosen, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.save();
    ctx.strokeStyle = colours.chosen;
    ctx.lineWidth = Math.max(1, Math.round(uPlot.pxRatio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  #zoom(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < dragPixels) return;
    this.#zooming = true;
    setTimeout(() => {
      this.#zooming = false;
    });
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (this.#options.choosesSteps === false) return;
    this.#options.timeline.zoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
  }

  #listen(plot: uPlot): void {
    if (this.#options.choosesSteps === false) return;
    plot.over.addEventListener('click', (event) => {
      if (!this.#zooming) this.#options.timeline.choose(plot.posToVal(event.offsetX, 'x'), true);
    });
    plot.over.addEventListener('dblclick', () => this.#options.timeline.zoom(null));
  }
}

const stepIncrements = [1, 2, 5]
  .flatMap((base) => Array.from({ length: 8 }, (_, power) => base * 10 ** power))
  .sort((a, b) => a - b);

/** Steps along an axis; from 10,000 on in thousands, so that the last one is not cut off at the edge. */
export function stepTexts(steps: readonly number[]): string[] {
  const thousands = steps.some((step) => step >= 10_000) && steps.every((step) => step % 500 === 0);
  return steps.map((step) => (thousands && step > 0 ? `${step / 1000}K` : step.toLocaleString('en-US')));
}

/** A little room around the data; a flat line gets room enough not to look like noise. */
export function yRange(low: number | null, high: number | null, include: readonly number[]): [number, number] {
  const values = [...include, ...(low === null ? [] : [low]), ...(high === null ? [] : [high])];
  if (values.length === 0) return [0, 1];
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const room = max > min ? 0.05 * (max - min) : Math.max(Math.abs(max) * 0.1, 0.1);
  const bottom = include.includes(min) ? min : min - room;
  return [bottom, include.includes(max) && max > bottom ? max : max + room];
}

/** VS Code gives colours as #rrggbb, #rrggbbaa or rgba(…); color-mix takes each. */
export function transparent(colour: string, share: number): string {
  return `color-mix(in srgb, ${colour} ${100 * share}%, transparent)`;
}
