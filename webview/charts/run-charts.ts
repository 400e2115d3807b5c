// The charts of a run: which metrics go together, under what title, in what colour. Names: METHOD.md, "Metrics".
import type { DashboardEvaluation } from '../../backend/protocol/dashboard';
import type { RunSeries } from '../../backend/protocol/run-series';
import { element } from '../ui/element';
import { compactText, shareText } from '../ui/number-text';
import { freeLines, type PaletteName } from '../ui/palette';
import { bucketMiddles, gapsAsNull, smoothed, smoothFrom } from './buckets';
import { ChartFrame, type ChartFrameOptions } from './chart-frame';
import type { TableSource } from './data-table';
import type { PlotLine } from './plot';
import type { Timeline } from './timeline';

interface Line {
  readonly label: string;
  readonly column: string;
  readonly colour: PaletteName;
  readonly dash?: readonly number[];
}

interface ChartKind {
  readonly title: string;
  readonly explanation: string;
  readonly lines: readonly Line[];
  readonly include?: readonly number[];
  readonly valueText?: (value: number) => string;
}

const dotted = [4, 3] as const;

/** The small charts; one whose metrics a run doesn't have isn't shown. */
export const smallCharts: readonly ChartKind[] = [
  {
    title: 'Loss',
    explanation: 'The policy-gradient and the supervised loss of each step',
    include: [0],
    lines: [
      { label: 'policy gradient', column: 'loss/pg', colour: 'pg' },
      { label: 'traces', column: 'loss/sft', colour: 'sft' },
    ],
  },
  {
    title: 'Entropy',
    explanation: 'Mean entropy of the sampled tokens, in nats: how much sampling still explores',
    include: [0],
    lines: [{ label: 'nats a token', column: 'entropy', colour: 'line-1' }],
  },
  {
    title: 'Length',
    explanation: 'Tokens of the completions',
    include: [0],
    lines: [
      { label: 'mean', column: 'completions/mean_length', colour: 'line-2' },
      { label: 'longest', column: 'completions/max_length', colour: 'muted', dash: dotted },
      { label: 'shortest', column: 'completions/min_length', colour: 'muted', dash: dotted },
    ],
  },
  {
    title: 'Cut off',
    explanation: 'Share of completions that ended at maxNewTokens',
    include: [0],
    valueText: shareText,
    lines: [{ label: 'of completions', column: 'completions/clipped_ratio', colour: 'alarm' }],
  },
  {
    title: 'Gradient norm',
    explanation: 'Norm of the gradient before clipping',
    include: [0],
    lines: [{ label: 'norm', column: 'grad_norm', colour: 'line-3' }],
  },
  {
    title: 'KL',
    explanation: 'Divergence from the starting weights, token mean',
    include: [0],
    lines: [{ label: 'token mean', column: 'kl', colour: 'line-4' }],
  },
  {
    title: 'Clipped',
    explanation: 'Share of tokens whose ratio left the clip range',
    include: [0],
    valueText: shareText,
    lines: [
      { label: 'low', column: 'clip_ratio/low_mean', colour: 'line-2' },
      { label: 'high', column: 'clip_ratio/high_mean', colour: 'line-3' },
      { label: 'either', column: 'clip_ratio/region_mean', colour: 'text' },
    ],
  },
  {
    title: 'Groups without spread',
    explanation: 'Share of groups whose rewards are all equal: they have no policy gradient',
    include: [0, 1],
    valueText: shareText,
    lines: [{ label: 'of groups', column: 'frac_reward_zero_std', colour: 'pg-idle' }],
  },
  {
    title: 'Trace likelihood',
    explanation: 'Negative log-likelihood of the demonstrations at temperature 1, in nats a token',
    include: [0],
    lines: [{ label: 'nats a token', column: 'sft/nll', colour: 'sft' }],
  },
  {
    title: 'Log-sigma weights',
    explanation: 'Weights that log-sigma has learned for the two losses',
    lines: [
      { label: 'policy gradient', column: 'log_sigma/pg_weight', colour: 'pg' },
      { label: 'traces', column: 'log_sigma/sft_weight', colour: 'sft' },
    ],
  },
  {
    title: 'Tokens a second',
    explanation: 'Speed of sampling and of the update',
    include: [0],
    valueText: compactText,
    lines: [
      { label: 'sampled', column: 'tokens_per_second/generate', colour: 'line-1' },
      { label: 'trained', column: 'tokens_per_second/train', colour: 'line-5' },
    ],
  },
  {
    title: 'Seconds a step',
    explanation: 'Where the time of a step goes',
    include: [0],
    lines: [
      { label: 'step', column: 'step_time', colour: 'text' },
      { label: 'sampling', column: 'time/generate', colour: 'line-1' },
      { label: 'rewards', column: 'time/reward', colour: 'line-3' },
      { label: 'update', column: 'time/update', colour: 'line-5' },
    ],
  },
  {
    title: 'Learning rate',
    explanation: 'Of this step',
    include: [0],
    lines: [{ label: 'rate', column: 'learning_rate', colour: 'muted' }],
  },
];

export interface RewardComponent {
  readonly name: string;
  readonly role: 'correctness' | 'shaping';
}

/** Lines of the reward chart: the weighted sum, and over it every component, those of correctness first. */
export function rewardLines(columns: readonly string[], components: readonly RewardComponent[]): Line[] {
  const named = columns.flatMap((column) => /^rewards\/(.+)\/mean$/.exec(column)?.[1] ?? []);
  const roleOf = (name: string) => components.find((component) => component.name === name)?.role;
  const correct = named.filter((name) => roleOf(name) === 'correctness');
  const others = named.filter((name) => roleOf(name) !== 'correctness');
  const lines = [...correct, ...others].map((name, index): Line => {
    const isCorrect = index < correct.length;
    const colour =
      index === 0 && isCorrect ? 'correct' : (freeLines[(index + freeLines.length - 1) % freeLines.length] ?? 'text');
    return {
      label: isCorrect ? `${name} (correctness)` : name,
      column: `rewards/${name}/mean`,
      colour,
      ...(!isCorrect && { dash: dotted }),
    };
  });
  return lines.length === 1 && correct.length === 1
    ? lines
    : [{ label: 'weighted sum', column: 'reward', colour: 'total' }, ...lines];
}

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
