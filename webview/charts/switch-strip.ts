// The switch strip: for every step the shares of groups that learned by policy gradient, from traces, from both or
// not at all, and below it how many groups were solved. It is also the run's time line: a slider over its steps.
import type { DashboardMarks } from '../../backend/protocol/dashboard';
import type { RunSeries } from '../../backend/protocol/run-series';
import { button } from '../ui/controls';
import { element, setText } from '../ui/element';
import { countText, shareText } from '../ui/number-text';
import type { PaletteName } from '../ui/palette';
import { bucketMiddles, bucketOf } from './buckets';
import { swatch } from './chart-frame';
import { DataTable, type TableSource } from './data-table';
import { Plot } from './plot';
import { drawStrip, stripHeight } from './strip-drawing';
import { bucketInWords, decisionNames, reasonsOf, type SwitchShares, stepsText, switchShares } from './switch-words';
import type { Timeline } from './timeline';

const shownReasons = 3;

/** Legend: name, colour, and its share of a bucket (undefined: leave the entry out). */
const legend: readonly { name: string; colour: PaletteName; share: (shares: SwitchShares) => number | undefined }[] = [
  { name: decisionNames.pg, colour: 'pg', share: ({ pg, pgIdle }) => pg - pgIdle },
  { name: 'no signal', colour: 'pg-idle', share: ({ pgIdle }) => pgIdle },
  { name: decisionNames.mix, colour: 'mix', share: ({ mix }) => mix },
  { name: decisionNames.sft, colour: 'sft', share: ({ sft }) => sft },
  { name: decisionNames.skip, colour: 'skip', share: ({ skip }) => skip },
  { name: 'masked by shaping', colour: 'alarm', share: ({ masked }) => masked },
  { name: 'solved by none', colour: 'solved-none', share: ({ solved }) => solved?.none },
  { name: 'by some', colour: 'solved-some', share: ({ solved }) => solved?.some },
  { name: 'by all', colour: 'solved-all', share: ({ solved }) => solved?.all },
];

export class SwitchStrip {
  readonly element: HTMLElement;
  readonly #plot: Plot;
  readonly #slider: HTMLElement;
  readonly #steps = element('strong', {});
  readonly #legend = element('div', { class: 'legend strip-legend' });
  readonly #reasons = element('ul', { class: 'strip-reasons' });
  readonly #wholeRun: HTMLElement;
  readonly #timeline: Timeline;
  readonly #values: HTMLElement[] = [];
  #series: RunSeries | undefined;
  #marks: Pick<DashboardMarks, 'alarms' | 'checkpoints'> = { alarms: [], checkpoints: [] };
  #hovered: number | undefined;

  constructor(timeline: Timeline, syncKey: string, table: TableSource) {
    this.#timeline = timeline;
    this.#plot = new Plot({
      height: stripHeight,
      timeline,
      syncKey,
      axisText: () => '',
      yAxis: false,
      include: [0, 1],
      drawUnder: (plot, palette) => {
        if (this.#series) drawStrip(plot, palette, this.#series, this.#marks);
      },
      onCursor: (index) => {
        this.#hovered = index ?? undefined;
        this.#tell();
      },
    });
    for (const { name, colour } of legend) {
      const value = element('span', { class: 'legend-value' });
      this.#values.push(value);
      this.#legend.append(element('span', { class: 'legend-item' }, swatch(colour), element('span', {}, name), value));
    }
    this.#slider = element(
      'div',
      {
        class: 'strip-slider',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'Step of the run',
        'aria-orientation': 'horizontal',
        onkeydown: (event) => this.#key(event),
      },
      element(
        'div',
        { class: 'strip-lanes', 'aria-hidden': 'true' },
        element('span', {}, 'learned by'),
        element('span', {}, 'solved'),
      ),
      this.#plot.element,
    );
    this.#wholeRun = button({ label: 'Whole run', icon: 'zoomOut', onClick: () => timeline.zoom(null) });
    this.#wholeRun.hidden = true;
    let shown: DataTable | undefined;
    const tableButton = button({
      label: 'Data table: the switch',
      icon: 'table',
      iconOnly: true,
      onClick: () => {
        if (shown) shown.element.remove();
        shown = shown ? undefined : new DataTable('The switch', table);
        if (shown) this.element.append(shown.element);
        tableButton.setAttribute('aria-pressed', String(shown !== undefined));
      },
    });
    tableButton.setAttribute('aria-pressed', 'false');
    this.element = element(
      'section',
      { class: 'strip', 'aria-label': 'The switch' },
      element('header', {}, element('h2', {}, 'The switch'), this.#steps, this.#legend, this.#wholeRun, tableButton),
      this.#slider,
      this.#reasons,
    );
    timeline.onChange(() => this.#tell());
  }

  setSeries(series: RunSeries): void {
    this.#series = series;
    const x = bucketMiddles(series);
    // One invisible line gives the cursor its places.
    this.#plot.set(x, [{ label: 'places', colour: 'grid', width: 0, values: x.map(() => 0) }]);
    this.#wholeRun.hidden = this.#timeline.range === null;
    this.#showLegend(series);
    this.#tell();
  }

  setMarks(marks: DashboardMarks): void {
    this.#marks = marks;
    this.#plot.redraw();
  }

  rebuild(): void {
    this.#plot.rebuild();
  }

  focus(): void {
    this.#slider.focus();
  }

  /** Under the cursor, else the step chosen, else the newest. */
  get #told(): number | undefined {
    const series = this.#series;
    if (!series || series.buckets === 0) return undefined;
    const { chosen } = this.#timeline;
    const ofChosen = chosen === undefined ? undefined : bucketOf(series, chosen);
    return this.#hovered !== undefined && this.#hovered < series.buckets
      ? this.#hovered
      : (ofChosen ?? series.buckets - 1);
  }

  #tell(): void {
    const series = this.#series;
    const bucket = this.#told;
    if (!series || bucket === undefined) return;
    setText(this.#steps, stepsText(series, bucket));
    const shares = switchShares(series, bucket);
    legend.forEach(({ share }, index) => {
      const value = shares && share(shares);
      const target = this.#values[index];
      if (!target) return;
      setText(target, value === undefined ? '—' : shareText(value));
      target.parentElement?.classList.toggle('nothing', !value);
    });
    this.#tellReasons(series, bucket);
    const { chosen, lastStep } = this.#timeline;
    const now = chosen ?? lastStep;
    const nowBucket = bucketOf(series, now);
    this.#slider.setAttribute('aria-valuemin', '1');
    this.#slider.setAttribute('aria-valuemax', String(lastStep));
    this.#slider.setAttribute('aria-valuenow', String(now));
    this.#slider.setAttribute(
      'aria-valuetext',
      nowBucket === undefined ? `Step ${now}` : bucketInWords(series, nowBucket),
    );
  }

  /** What never happens in this run needs no entry. */
  #showLegend(series: RunSeries): void {
    const shares = series.why.flatMap((_, bucket) => switchShares(series, bucket) ?? []);
    legend.forEach(({ share }, index) => {
      const item = this.#values[index]?.parentElement;
      if (item) item.hidden = shares.length > 0 && !shares.some((one) => (share(one) ?? 0) > 0);
    });
  }

  #tellReasons(series: RunSeries, bucket: number): void {
    const reasons = reasonsOf(series, bucket);
    const lines = reasons
      .slice(0, shownReasons)
      .map(({ kind, groups, text }) =>
        element(
          'li',
          { title: text },
          swatch(kind),
          element('b', {}, `${countText(groups)} ×`),
          element('span', { class: 'why' }, text),
        ),
      );
    const more = reasons.length - lines.length;
    if (more > 0)
      lines.at(-1)?.append(element('span', { class: 'more' }, `and ${more} more ${more === 1 ? 'reason' : 'reasons'}`));
    if (lines.length === 0) lines.push(element('li', { class: 'more' }, 'No decision was logged here.'));
    this.#reasons.replaceChildren(...lines);
  }

  #key(event: Event): void {
    if (!(event instanceof KeyboardEvent) || !this.#series) return;
    const { lastStep, chosen, range } = this.#timeline;
    const [first, last] = range ?? [1, lastStep];
    const bucket = this.#series.stepsPerBucket;
    const now = chosen ?? lastStep;
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: now - (event.shiftKey ? 1 : bucket),
      ArrowDown: now - (event.shiftKey ? 1 : bucket),
      ArrowRight: now + (event.shiftKey ? 1 : bucket),
      ArrowUp: now + (event.shiftKey ? 1 : bucket),
      PageDown: now - 10 * bucket,
      PageUp: now + 10 * bucket,
      Home: first,
      End: last,
    };
    const to = moves[event.key];
    if (to !== undefined) this.#timeline.choose(Math.min(last, Math.max(first, to)), false);
    else if (event.key === 'Enter' || event.key === ' ') this.#timeline.choose(now, true);
    else if (event.key === 'Escape' && range) this.#timeline.zoom(null);
    else return;
    event.preventDefault();
  }
}

/** Columns of the data table behind the strip. */
export const stripColumns: Readonly<Record<string, string>> = {
  'switch/pg_frac': 'Policy gradient',
  'switch/no_signal_frac': 'of it without signal',
  'switch/sft_frac': 'Traces',
  'switch/mix_frac': 'Both',
  'switch/skip_frac': 'Skipped',
  'groups/solved_none': 'Solved by none',
  'groups/solved_some': 'By some',
  'groups/solved_all': 'By all',
  'switch/masked_by_shaping': 'Masked by shaping',
  'switch/missing_demonstration': 'Without a trace',
};
