// The charts of a run: reward, held-out, and the small ones for whichever metrics the run has.
import type { DashboardEvaluation } from '../../backend/protocol/dashboard';
import type { RunSeries } from '../../backend/protocol/run-series';
import { element } from '../ui/element';
import { shareText } from '../ui/number-text';
import { bucketMiddles } from './buckets';
import { ChartFrame, type ChartFrameOptions } from './chart-frame';
import { type ChartKind, type Line, type RewardComponent, rewardLines, smallCharts } from './chart-kinds';
import type { TableSource } from './data-table';
import { heldOutLines, type Look, plotLines } from './plot-lines';
import type { Timeline } from './timeline';

type Read = TableSource['read'];

/** All charts of a run. */
export class RunCharts {
  readonly element: HTMLElement;
  readonly #reward: ChartFrame;
  readonly #heldOut: ChartFrame;
  readonly #small: readonly { kind: ChartKind; frame: ChartFrame }[];
  readonly #noEvaluation: HTMLElement;
  #series: RunSeries | undefined;
  #components: readonly RewardComponent[] = [];
  #evaluations: readonly DashboardEvaluation[] = [];
  #look: Look = { smooth: true };

  constructor(timeline: Timeline, syncKey: string, readTable: Read) {
    const shared = { timeline, syncKey };
    const frame = (options: Omit<ChartFrameOptions, 'timeline' | 'syncKey'>) =>
      new ChartFrame({ ...shared, ...options });
    const table = (lines: () => readonly Line[]): TableSource => ({
      columns: () => Object.fromEntries(lines().map(({ column, label }) => [column, label])),
      read: readTable,
    });
    this.#reward = frame({
      title: 'Reward',
      explanation:
        'Mean of each reward component over the completions of a step; correctness decides what counts as solved',
      height: 220,
      include: [0],
      table: table(() => this.#rewardLines),
    });
    this.#heldOut = frame({
      title: 'Held-out',
      explanation:
        'pass@k by the unbiased estimator and greedy accuracy on held-out prompts, with 95 % bootstrap intervals',
      height: 220,
      include: [0, 1],
      valueText: shareText,
      table: {
        columns: () => Object.fromEntries(heldOutLines(this.#evaluations).map(({ label }) => [label, label])),
        read: (columns, fromStep, limit) => Promise.resolve(this.#heldOutPage(columns, fromStep, limit)),
      },
    });
    this.#noEvaluation = element('p', { class: 'chart empty' });
    this.#small = smallCharts.map((kind) => ({
      kind,
      frame: frame({ ...kind, height: 130, table: table(() => kind.lines) }),
    }));
    this.element = element(
      'div',
      { class: 'charts' },
      element('div', { class: 'charts-large' }, this.#reward.element, this.#heldOut.element, this.#noEvaluation),
      element('div', { class: 'charts-small' }, ...this.#small.map(({ frame: { element: shown } }) => shown)),
    );
  }

  setSeries(series: RunSeries): void {
    this.#series = series;
    const x = bucketMiddles(series);
    this.#reward.set(x, plotLines(series, this.#rewardLines, this.#look));
    for (const { kind, frame } of this.#small) frame.set(x, plotLines(series, kind.lines, this.#look));
  }

  setEvaluations(evaluations: readonly DashboardEvaluation[], every: number | undefined): void {
    this.#evaluations = evaluations;
    this.#heldOut.set(
      evaluations.map(({ step }) => step),
      heldOutLines(evaluations),
    );
    this.#noEvaluation.hidden = evaluations.length > 0;
    this.#noEvaluation.textContent = every
      ? 'Held-out accuracy appears here after the first evaluation.'
      : 'No held-out evaluation: set eval.every in the run file to measure pass@k on prompts that are not trained on.';
  }

  setComponents(components: readonly RewardComponent[]): void {
    this.#components = components;
    if (this.#series) this.setSeries(this.#series);
  }

  setLook(look: Look): void {
    this.#look = look;
    if (this.#series) this.setSeries(this.#series);
  }

  rebuild(): void {
    for (const frame of [this.#reward, this.#heldOut, ...this.#small.map((small) => small.frame)]) frame.plot.rebuild();
  }

  get #rewardLines(): Line[] {
    return rewardLines(Object.keys(this.#series?.columns ?? {}), this.#components);
  }

  #heldOutPage(columns: readonly string[], fromStep: number, limit: number) {
    const page = this.#evaluations.filter(({ step }) => step >= fromStep || fromStep <= 1).slice(0, limit);
    return {
      total: this.#evaluations.length,
      steps: page.map(({ step }) => step),
      values: Object.fromEntries(
        columns.map((name) => [name, page.map(({ values }) => values[`eval/${name}`] ?? null)]),
      ),
    };
  }
}
