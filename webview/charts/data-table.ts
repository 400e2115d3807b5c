// The data behind a chart as a table, every step, a page at a time.
import { Refusal } from '../host';
import { button, setDisabled } from '../ui/controls';
import { element, setText } from '../ui/element';
import { countText, numberText } from '../ui/number-text';

export interface TablePage {
  /** Rows there are in all. */
  readonly total: number;
  readonly steps: readonly number[];
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
}

export interface TableSource {
  /** Heading by column. */
  readonly columns: () => Readonly<Record<string, string>>;
  readonly read: (columns: readonly string[], fromStep: number, limit: number) => Promise<TablePage>;
}

const rowsPerPage = 100;

export class DataTable {
  readonly element: HTMLElement;
  readonly #body = element('div', { class: 'table-scroll', tabindex: '0' });
  readonly #place = element('span', { role: 'status' });
  readonly #back: HTMLElement;
  readonly #on: HTMLElement;
  /** First steps of the pages before this one. */
  #before: number[] = [];
  #from = 1;
  #next: number | undefined;

  constructor(
    private readonly title: string,
    private readonly source: TableSource,
  ) {
    this.#body.setAttribute('aria-label', `${title}, table`);
    this.#back = button({
      label: 'Earlier steps',
      icon: 'previous',
      iconOnly: true,
      onClick: () => this.#turn(this.#before.pop()),
    });
    this.#on = button({ label: 'Later steps', icon: 'next', iconOnly: true, onClick: () => this.#forward() });
    this.element = element(
      'div',
      { class: 'data-table' },
      this.#body,
      element('footer', {}, this.#back, this.#on, this.#place),
    );
    void this.#show();
  }

  #forward(): void {
    if (this.#next === undefined) return;
    this.#before.push(this.#from);
    this.#turn(this.#next);
  }

  #turn(from: number | undefined): void {
    if (from === undefined) return;
    this.#from = from;
    void this.#show();
  }

  async #show(): Promise<void> {
    const headings = this.source.columns();
    const names = Object.keys(headings);
    try {
      const { total, steps, values } = await this.source.read(names, this.#from, rowsPerPage);
      const last = steps.at(-1);
      const seen = this.#before.length * rowsPerPage + steps.length;
      this.#next = last !== undefined && seen < total ? last + 1 : undefined;
      const head = element(
        'tr',
        {},
        ...['Step', ...Object.values(headings)].map((text) => element('th', { scope: 'col' }, text)),
      );
      const rows = steps.map((step, row) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, countText(step)),
          ...names.map((name) => element('td', {}, numberText(values[name]?.[row]))),
        ),
      );
      this.#body.replaceChildren(
        element(
          'table',
          {},
          element('caption', {}, this.title),
          element('thead', {}, head),
          element('tbody', {}, ...rows),
        ),
      );
      setText(
        this.#place,
        `${countText(seen - steps.length + (steps.length > 0 ? 1 : 0))}–${countText(seen)} of ${countText(total)}`,
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#body.replaceChildren(element('p', { class: 'empty' }, error.message));
    }
    setDisabled(this.#back, this.#before.length === 0);
    setDisabled(this.#on, this.#next === undefined);
  }
}
