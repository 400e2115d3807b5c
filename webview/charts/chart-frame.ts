// The frame of every chart: title, legend with the values under the cursor (or the newest), the data table behind it,
// and a sentence that says in words what the lines show.
import type uPlot from 'uplot';
import { button } from '../ui/controls';
import { element, setText } from '../ui/element';
import { numberText } from '../ui/number-text';
import type { Palette, PaletteName } from '../ui/palette';
import { DataTable, type TableSource } from './data-table';
import { Plot, type PlotLine, type PlotOptions } from './plot';

export interface ChartFrameOptions extends Omit<PlotOptions, 'axisText' | 'onCursor'> {
  readonly title: string;
  /** What this is, for the tooltip of the title. */
  readonly explanation: string;
  readonly valueText?: (value: number) => string;
  readonly table?: TableSource;
  readonly drawUnder?: (plot: uPlot, palette: Palette) => void;
}

export class ChartFrame {
  readonly element: HTMLElement;
  readonly #options: ChartFrameOptions;
  readonly #plot: Plot;
  readonly #legend: HTMLElement;
  readonly #drawn: HTMLElement;
  readonly #values = new Map<string, HTMLElement>();
  #table: DataTable | undefined;
  #lines: readonly PlotLine[] = [];
  #labels = '';
  #cursor: number | null = null;

  constructor(options: ChartFrameOptions) {
    this.#options = options;
    const valueText = options.valueText ?? numberText;
    this.#plot = new Plot({ ...options, axisText: valueText, onCursor: (index) => this.#showValues(index) });
    this.#legend = element('div', { class: 'legend', role: 'group', 'aria-label': `Lines of ${options.title}` });
    this.#drawn = element(
      'div',
      { class: 'chart-drawn', role: 'img', 'aria-label': options.title },
      this.#plot.element,
    );
    const { table } = options;
    const toggle =
      table &&
      button({
        label: `Data table: ${options.title}`,
        icon: 'table',
        iconOnly: true,
        onClick: () => this.#toggleTable(table, toggle),
      });
    toggle?.setAttribute('aria-pressed', 'false');
    this.element = element(
      'section',
      { class: 'chart', 'aria-label': options.title },
      element('header', {}, element('h3', { title: options.explanation }, options.title), toggle),
      this.#legend,
      this.#drawn,
    );
  }

  get plot(): Plot {
    return this.#plot;
  }

  set(x: readonly number[], lines: readonly PlotLine[]): void {
    this.#lines = lines;
    const labels = lines.map(({ label, colour }) => `${label} ${colour}`).join('\n');
    if (labels !== this.#labels) {
      this.#labels = labels;
      this.#makeLegend();
    }
    this.element.hidden = lines.length === 0;
    this.#plot.set(x, lines);
    this.#showValues(this.#cursor);
    this.#drawn.setAttribute('aria-label', this.#inWords());
  }

  #makeLegend(): void {
    this.#values.clear();
    this.#legend.replaceChildren(
      ...this.#lines.map(({ label, colour, dash }) => {
        const value = element('span', { class: 'legend-value' });
        this.#values.set(label, value);
        const item = element(
          'button',
          {
            type: 'button',
            class: 'legend-item',
            'aria-pressed': String(!this.#plot.hidden.has(label)),
            title: 'Show or hide this line',
            onclick: () => {
              this.#plot.toggle(label);
              item.setAttribute('aria-pressed', String(!this.#plot.hidden.has(label)));
            },
          },
          swatch(colour, dash !== undefined),
          element('span', {}, label),
          value,
        );
        return item;
      }),
    );
  }

  #showValues(index: number | null): void {
    this.#cursor = index;
    const valueText = this.#options.valueText ?? numberText;
    for (const { label, values, faint, spanGaps } of this.#lines) {
      const target = this.#values.get(label);
      if (!target) continue;
      // Under the cursor stands what was measured, not the smoothed line.
      const measured = faint ?? values;
      const value =
        index === null ? lastOf(values) : spanGaps && !faint ? lastOf(values.slice(0, index + 1)) : measured[index];
      setText(target, value === null || value === undefined ? '—' : valueText(value));
    }
  }

  #inWords(): string {
    const valueText = this.#options.valueText ?? numberText;
    const sentences = this.#lines.map(({ label, values }) => {
      const known = values.filter((value) => value !== null);
      if (known.length === 0) return `${label}: no values yet.`;
      const [low, high] = known.reduce(
        ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
        [Infinity, -Infinity],
      );
      return `${label}: now ${valueText(known.at(-1) ?? Number.NaN)}, from ${valueText(low)} to ${valueText(high)}.`;
    });
    return [`${this.#options.title}.`, ...sentences].join(' ');
  }

  #toggleTable(source: TableSource, toggle: HTMLElement | undefined): void {
    const shown = this.#table === undefined;
    if (this.#table) {
      this.#table.element.remove();
      this.#table = undefined;
    } else {
      this.#table = new DataTable(this.#options.title, source);
      this.element.append(this.#table.element);
    }
    this.#drawn.hidden = shown;
    toggle?.setAttribute('aria-pressed', String(shown));
  }
}

export function swatch(colour: PaletteName, dashed = false): HTMLElement {
  const made = element('span', { class: dashed ? 'swatch dashed' : 'swatch', 'aria-hidden': 'true' });
  made.style.setProperty('--colour', `var(--superrl-${colour})`);
  return made;
}

function lastOf(values: readonly (number | null)[]): number | null {
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
