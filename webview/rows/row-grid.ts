// The rows of a page as an ARIA grid: only those in view are drawn, rows that are not there yet are asked for. One row
// is active; the keyboard moves it as in any grid (arrows, Page Up and Down, Home, End), over the pages' borders too.
import { rowsOnPage, type ViewedRow } from '../../backend/protocol/rows-view';
import { element } from '../ui/element';
import { countText } from '../ui/number-text';
import type { RowStore } from './row-store';

/** As in the style sheet. */
const rowHeight = 24;
/** Rows drawn beyond the view on both sides. */
const margin = 10;
const widestColumn = 48;

export interface RowGridOptions {
  readonly store: RowStore;
  /** Rows from … to - 1 are shown, and wanted if they aren't there. */
  readonly onView: (from: number, to: number) => void;
  readonly onActive: (row: number) => void;
  readonly onOpen: (row: number) => void;
}

export class RowGrid {
  readonly element: HTMLElement;
  private readonly head = element('div', { class: 'grid-head', role: 'row', 'aria-rowindex': 1 });
  private readonly body = element('div', { class: 'grid-body', role: 'rowgroup' });
  private first = 0;
  private activeRow = 0;
  private frame = 0;

  constructor(private readonly options: RowGridOptions) {
    this.element = element(
      'div',
      { class: 'grid', role: 'grid', tabindex: 0, 'aria-label': 'Rows', 'aria-readonly': 'true' },
      this.head,
      this.body,
    );
    this.element.addEventListener('scroll', () => this.drawSoon());
    this.element.addEventListener('keydown', (event) => this.key(event));
    this.body.addEventListener('click', ({ target }) => {
      const row = rowOf(target);
      if (row === undefined) return;
      this.setActive(row);
      this.options.onOpen(row);
    });
    new ResizeObserver(() => this.drawSoon()).observe(this.element);
  }

  /** First row of the page, and the row behind its last. */
  get page(): { readonly first: number; readonly end: number } {
    return {
      first: this.first,
      end: Math.min(this.first + rowsOnPage, Math.max(this.options.store.known, this.first)),
    };
  }

  get active(): number {
    return this.activeRow;
  }

  /** Makes the row active and scrolls to it, on its page; the nearest one that is known. */
  goTo(row: number): void {
    this.setActive(row);
    const top = (this.activeRow - this.first) * rowHeight;
    const { scrollTop } = this.element;
    const height = this.viewHeight();
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + rowHeight > scrollTop + height) this.element.scrollTop = top + rowHeight - height;
    this.draw();
  }

  showPage(first: number): void {
    this.goTo(first);
    this.element.scrollTop = 0;
    this.draw();
  }

  drawSoon(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  private setActive(row: number): void {
    const { known } = this.options.store;
    this.activeRow = Math.min(Math.max(row, 0), Math.max(known - 1, 0));
    const first = this.activeRow - (this.activeRow % rowsOnPage);
    if (first !== this.first) {
      this.first = first;
      this.sizeBody();
      this.element.scrollTop = 0;
    }
    this.options.onActive(this.activeRow);
    this.drawSoon();
  }

  private draw(): void {
    const { store, onView } = this.options;
    this.sizeBody();
    const { first, end } = this.page;
    const seen = first + Math.floor(this.element.scrollTop / rowHeight);
    const from = Math.max(seen - margin, first);
    const to = Math.min(seen + Math.ceil(this.viewHeight() / rowHeight) + margin, end);
    onView(from, to);
    this.drawHead();
    const drawn: HTMLElement[] = [];
    for (let row = from; row < to; row++) drawn.push(this.drawnRow(row, store.row(row)));
    this.body.replaceChildren(...drawn);
    this.body.style.setProperty('--from', String(from - first));
    this.element.setAttribute('aria-rowcount', String(store.complete ? store.known + 1 : -1));
    this.element.setAttribute('aria-colcount', String(store.columns.length + 2));
    const isDrawn = this.activeRow >= from && this.activeRow < to;
    if (isDrawn) this.element.setAttribute('aria-activedescendant', rowId(this.activeRow));
    else this.element.removeAttribute('aria-activedescendant');
  }

  private drawHead(): void {
    const { columns } = this.options.store;
    const names = ['Row', 'Newest outcome', ...columns];
    if (this.head.childElementCount === names.length) return;
    this.head.replaceChildren(...names.map((name) => element('span', { role: 'columnheader', title: name }, name)));
    const widths = columns.map((name) => `${this.width(name)}ch`);
    this.element.style.setProperty('--columns', ['9ch', '34ch', ...widths].join(' '));
  }

  /** Wide enough for what stands in the first rows, within limits. */
  private width(column: string): number {
    let longest = column.length;
    for (let row = this.first; row < this.first + 50; row++) {
      longest = Math.max(longest, this.options.store.row(row)?.cells[column]?.length ?? 0);
    }
    return Math.min(longest, widestColumn) + 3;
  }

  private drawnRow(number: number, row: ViewedRow | undefined): HTMLElement {
    const { store } = this.options;
    const isActive = number === this.activeRow;
    const cell = (text: string, className = '') =>
      element('span', { role: 'gridcell', class: className }, text.slice(0, 300).replaceAll('\n', ' ⏎ '));
    return element(
      'div',
      {
        class: isActive ? 'grid-row active' : 'grid-row',
        role: 'row',
        id: rowId(number),
        'data-row': number,
        'aria-rowindex': number + 2,
        'aria-selected': isActive ? 'true' : 'false',
        'aria-busy': row ? undefined : 'true',
      },
      cell(countText(number + 1), 'number'),
      cell(row ? store.outcome(number) : 'reading…', 'row-outcome'),
      ...store.columns.map((name) => cell(row?.cells[name] ?? '')),
    );
  }

  private sizeBody(): void {
    const { first, end } = this.page;
    this.body.style.setProperty('--rows', String(end - first));
  }

  /** Of the rows, without the head that stands over them. */
  private viewHeight(): number {
    return Math.max(this.element.clientHeight - rowHeight, rowHeight);
  }

  private key(event: KeyboardEvent): void {
    const screenful = Math.max(Math.floor(this.viewHeight() / rowHeight) - 1, 1);
    const { known } = this.options.store;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: this.activeRow + 1,
      ArrowUp: this.activeRow - 1,
      PageDown: this.activeRow + screenful,
      PageUp: this.activeRow - screenful,
      Home: 0,
      End: known - 1,
    };
    const to = moves[event.key];
    if (to !== undefined && !event.altKey && !event.metaKey) this.goTo(to);
    else if (event.key === 'Enter') this.options.onOpen(this.activeRow);
    else return;
    event.preventDefault();
  }
}

function rowId(row: number): string {
  return `row-${row}`;
}

/** The row that an event in the grid is about. */
export function rowOf(target: EventTarget | null): number | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;
  return row ? Number(row.dataset.row) : undefined;
}
