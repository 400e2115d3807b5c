// Several runs on shared axes: their switch strips one above the other, a curve a run in every chart, and how their
// configurations differ.
import type { ComparedRun, WebviewMessage } from '../../backend/protocol/dashboard';
import { gapsAsNull, smoothed, smoothFrom } from '../charts/buckets';
import { ChartFrame, swatch } from '../charts/chart-frame';
import { Plot, type PlotLine } from '../charts/plot';
import { drawDecisions } from '../charts/strip-drawing';
import { Timeline } from '../charts/timeline';
import { stateNames } from '../header/run-state';
import { button, checkbox, dropdown } from '../ui/controls';
import { element } from '../ui/element';
import { compactText, durationText, numberText, shareText } from '../ui/number-text';
import { freeLines, type PaletteName } from '../ui/palette';
import { type AxisName, axisEnd, axisNames, bucketEnds, joinCurves, placeOf } from './axes';
import { differences } from './differences';

const syncKey = 'superrl-compare';

interface Measure {
  readonly title: string;
  readonly explanation: string;
  readonly column: string;
  readonly include?: readonly number[];
  readonly valueText?: (value: number) => string;
}

const measures: readonly Measure[] = [
  {
    title: 'Reward',
    explanation: 'Weighted sum of all components; comparable only where the rewards are the same',
    column: 'reward',
    include: [0],
  },
  {
    title: 'Learned from traces',
    explanation: 'Share of groups that the switch sent to SFT',
    column: 'switch/sft_frac',
    include: [0, 1],
    valueText: shareText,
  },
  { title: 'Entropy', explanation: 'Nats a token', column: 'entropy', include: [0] },
  { title: 'Loss', explanation: 'Of the step', column: 'loss' },
  { title: 'Length', explanation: 'Mean tokens of a completion', column: 'completions/mean_length', include: [0] },
  { title: 'Gradient norm', explanation: 'Before clipping', column: 'grad_norm', include: [0] },
];

const axisLabels: Readonly<Record<AxisName, string>> = { steps: 'steps', tokens: 'tokens used', minutes: 'wall clock' };

export class CompareView {
  readonly element: HTMLElement;
  readonly #timeline = new Timeline(
    () => undefined,
    () => undefined,
  );
  readonly #runs = element('ul', { class: 'compared-runs', 'aria-label': 'Runs' });
  readonly #strips = element('div', { class: 'compared-strips' });
  readonly #charts = element('div', { class: 'charts-large' });
  readonly #differences = element('div', { class: 'details' });
  readonly #frames = new Map<string, ChartFrame>();
  #plots: Plot[] = [];
  #compared: readonly ComparedRun[] = [];
  readonly #hidden = new Set<string>();
  #axis: AxisName = 'steps';

  constructor(private readonly post: (message: WebviewMessage) => void) {
    const axis = dropdown(
      'Axis',
      axisNames.map((value) => ({ value, label: axisLabels[value] })),
      (value) => {
        this.#axis = axisNames.find((name) => name === value) ?? 'steps';
        this.#draw();
      },
    );
    this.element = element(
      'div',
      { class: 'compare' },
      element('header', { class: 'compare-header' }, element('h1', {}, 'Compare runs'), axis),
      this.#runs,
      this.#strips,
      this.#charts,
      this.#differences,
    );
  }

  show(runs: readonly ComparedRun[]): void {
    this.#compared = runs;
    this.#showRuns();
    this.#showDifferences();
    this.#draw();
  }

  rebuild(): void {
    for (const plot of this.#plots) plot.rebuild();
    for (const frame of this.#frames.values()) frame.plot.rebuild();
  }

  get #visible(): { run: ComparedRun; colour: PaletteName; dash: boolean; label: string }[] {
    const names = this.#compared.map(({ name }) => name);
    return this.#compared
      .map((run, index) => ({
        run,
        colour: colourOf(index),
        dash: index >= freeLines.length,
        label: names.indexOf(run.name) === names.lastIndexOf(run.name) ? run.name : `${run.name} (${index + 1})`,
      }))
      .filter(({ run }) => !this.#hidden.has(run.run));
  }

  #showRuns(): void {
    const all = this.#compared.map((run, index) => ({
      run,
      colour: colourOf(index),
    }));
    this.#runs.replaceChildren(
      ...all.map(({ run, colour }) => {
        const last = run.evaluations.at(-1);
        const passes = Object.entries(last?.values ?? {}).filter(([name]) => /^eval\/(pass@\d+|greedy)$/.test(name));
        return element(
          'li',
          {},
          swatch(colour),
          checkbox(run.name, !this.#hidden.has(run.run), (checked) => {
            if (checked) this.#hidden.delete(run.run);
            else this.#hidden.add(run.run);
            this.#draw();
          }),
          element('span', { class: 'fact' }, run.method),
          element('span', { class: `state state-${run.state}` }, stateNames[run.state]),
          element('span', { class: 'fact' }, `step ${numberText(run.series.lastStep)}`),
          ...passes.map(([name, value]) =>
            element('span', { class: 'fact' }, `${name.slice('eval/'.length)} ${shareText(value)}`),
          ),
          button({
            label: `Open ${run.name}`,
            icon: 'open',
            iconOnly: true,
            onClick: () => this.post({ kind: 'openRun', run: run.run }),
          }),
        );
      }),
    );
  }

  #draw(): void {
    this.#drawStrips();
    const visible = this.#visible;
    const held = [
      ...new Set(visible.flatMap(({ run }) => run.evaluations.flatMap(({ values }) => Object.keys(values)))),
    ]
      .filter((name) => /^eval\/(pass@\d+|greedy)$/.test(name))
      .sort((a, b) => order(a) - order(b));
    for (const name of held) {
      const curves = visible.map(({ run }) => ({
        x: run.evaluations.map((evaluation) => placeOf(evaluation, this.#axis)),
        y: run.evaluations.map(({ values }) => values[name] ?? null),
      }));
      const title = `Held-out ${name.slice('eval/'.length)}`;
      this.#chart(
        { title, explanation: 'On held-out prompts', column: name, include: [0, 1], valueText: shareText },
        curves,
        true,
      );
    }
    for (const measure of measures) {
      const curves = visible.map(({ run: { series } }) => {
        const values = gapsAsNull(series.columns[measure.column]?.mean, series.buckets);
        return { x: bucketEnds(series, this.#axis), y: values.length >= smoothFrom ? smoothed(values) : values };
      });
      this.#chart(measure, curves, false);
    }
  }

  #chart(measure: Measure, curves: Parameters<typeof joinCurves>[0], points: boolean): void {
    const { x, values } = joinCurves(curves);
    const lines = this.#visible.flatMap(({ colour, dash, label }, index): PlotLine[] => {
      const of = values[index];
      if (!of?.some((value) => value !== null)) return [];
      return [{ label, colour, values: of, spanGaps: true, points, width: 2, ...(dash && { dash: [4, 3] }) }];
    });
    this.#frame(measure).set(x, lines);
  }

  #frame(measure: Measure): ChartFrame {
    const known = this.#frames.get(measure.title);
    if (known) return known;
    const frame = new ChartFrame({
      ...measure,
      height: 200,
      timeline: this.#timeline,
      syncKey,
      choosesSteps: false,
      xRange: () => [0, axisEnd(this.#compared, this.#axis)],
      xText: (value) => this.#axisText(value),
    });
    this.#frames.set(measure.title, frame);
    this.#charts.append(frame.element);
    return frame;
  }

  #axisText(value: number): string {
    return this.#axis === 'minutes' ? durationText(60_000 * value) : compactText(value);
  }

  #drawStrips(): void {
    for (const plot of this.#plots) plot.destroy();
    this.#plots = [];
    const rows = this.#visible.map(({ run, colour, label }) => {
      const ends = bucketEnds(run.series, this.#axis);
      const plot = new Plot({
        height: 44,
        timeline: this.#timeline,
        syncKey,
        yAxis: false,
        xAxis: false,
        choosesSteps: false,
        axisText: () => '',
        include: [0, 1],
        xRange: () => [0, axisEnd(this.#compared, this.#axis)],
        drawUnder: (drawn, palette) => drawDecisions(drawn, palette, run.series, { start: 0, ends }),
      });
      plot.set(ends, [{ label: 'places', colour: 'grid', width: 0, values: ends.map(() => 0) }]);
      this.#plots.push(plot);
      const share = run.series.columns['switch/sft_frac']?.mean;
      const words = share
        ? `${label}: from traces ${shareText(share[0] ?? Number.NaN)} at the start, ${shareText(share.at(-1) ?? Number.NaN)} at the end`
        : label;
      return element(
        'div',
        { class: 'compared-strip', role: 'img', 'aria-label': words },
        element('span', { class: 'strip-name' }, swatch(colour), label),
        plot.element,
      );
    });
    const key = (['pg', 'pg-idle', 'mix', 'sft', 'skip'] as const).map((colour, index) =>
      element(
        'span',
        { class: 'legend-item' },
        swatch(colour),
        ['policy gradient', 'no signal', 'both', 'traces', 'skipped'][index],
      ),
    );
    this.#strips.replaceChildren(
      element('header', {}, element('h2', {}, 'The switch'), element('div', { class: 'legend' }, ...key)),
      ...rows,
    );
  }

  #showDifferences(): void {
    const found = differences(this.#compared.map(({ configuration }) => configuration));
    const names = this.#compared.map(({ name }) => name);
    const table = element(
      'table',
      {},
      element('caption', {}, 'Settings that differ'),
      element(
        'thead',
        {},
        element('tr', {}, ...['Setting', ...names].map((text) => element('th', { scope: 'col' }, text))),
      ),
      element(
        'tbody',
        {},
        ...found.map(({ path, values }) =>
          element('tr', {}, element('th', { scope: 'row' }, path), ...values.map((value) => element('td', {}, value))),
        ),
      ),
    );
    this.#differences.replaceChildren(
      element('h2', {}, 'Configuration'),
      found.length === 0
        ? element('p', { class: 'empty' }, 'The configurations are the same.')
        : element('div', { class: 'table-scroll' }, table),
    );
  }
}

/** pass@1, pass@8, …, greedy. */
function order(name: string): number {
  return Number(/@(\d+)$/.exec(name)?.[1] ?? Number.POSITIVE_INFINITY);
}

function colourOf(index: number): PaletteName {
  return freeLines[index % freeLines.length] ?? 'text';
}
