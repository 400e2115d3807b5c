// The paged view of a data file: why it is shown, what is known of the file, search and go-to, the grid, and the row that
// is open below it.
import { type RowsHostMessage, rowsOnPage } from '../../backend/protocol/rows-view';
import { button, setDisabled, setValue, textField, valueIn } from '../ui/controls';
import { element, setText } from '../ui/element';
import { countText } from '../ui/number-text';
import { OutcomeHover } from './outcome-hover';
import { type RowDetailOptions, rowDetail } from './row-detail';
import { RowGrid } from './row-grid';
import { blockRows, RowStore } from './row-store';
import type { RowsHost, Told } from './rows-host';

/** While the file is still gone through, how many rows there are is asked this often. */
const askEveryMs = 500;
const settleMs = 120;

type Init = Extract<RowsHostMessage, { kind: 'init' }>;

export class RowsView {
  readonly element: HTMLElement;
  private readonly store = new RowStore();
  private readonly grid: RowGrid;
  private readonly notice = element('span', {});
  private readonly noticeBar = element('p', { class: 'notice' }, this.notice);
  private readonly facts = element('p', { class: 'facts' });
  private readonly status = element('span', { role: 'status', class: 'rows-status' });
  private readonly range = element('span', { class: 'page-range' });
  private readonly previous = button({
    label: 'Previous page',
    icon: 'previous',
    iconOnly: true,
    onClick: () => this.turnPage(-1),
  });
  private readonly next = button({ label: 'Next page', icon: 'next', iconOnly: true, onClick: () => this.turnPage(1) });
  private readonly search = textField({
    label: 'Search',
    placeholder: 'Search in all rows',
    size: 24,
    onEnter: (text) => this.attempt(this.find(text)),
  });
  private readonly detail = element('div', { class: 'detail-pane', hidden: true });
  private readonly hover: OutcomeHover;
  private init: Init | undefined;
  private visible: { readonly from: number; readonly to: number } = { from: 0, to: 0 };
  private settling = 0;
  private asking = 0;
  /** A row that is gone to once it is known. */
  private wanted: number | undefined;
  private searches = 0;
  private said = '';

  constructor(private readonly host: RowsHost) {
    this.grid = new RowGrid({
      store: this.store,
      onView: (from, to) => this.viewed(from, to),
      onActive: () => this.keep(),
      onOpen: (row) => this.attempt(this.open(row)),
    });
    this.hover = new OutcomeHover(this.grid.element, async (row) => {
      return (await host.readDetail(row)).group;
    });
    const goTo = textField({
      label: 'Go to row',
      placeholder: 'Go to row',
      size: 10,
      onEnter: (text) => this.goTo(text),
    });
    this.element = element(
      'div',
      { class: 'rows' },
      element('header', { class: 'rows-head' }, this.noticeBar, this.facts, this.toolbar(goTo)),
      this.grid.element,
      this.detail,
    );
    // Also while nothing has the focus.
    document.addEventListener('keydown', (event) => this.key(event, goTo));
    this.wanted = host.state?.row;
    if (host.state) setValue(this.search, host.state.search);
  }

  handle(message: Told): void {
    switch (message.kind) {
      case 'init':
        this.init = message;
        this.grid.element.setAttribute('aria-label', `Rows of ${message.name}`);
        setText(this.notice, message.notice);
        if (message.canOpenAsText && this.noticeBar.childElementCount === 1) {
          this.noticeBar.append(
            button({ label: 'Open as text', onClick: () => this.host.post({ kind: 'openAsText' }) }),
          );
        }
        this.readBlocks(0, blockRows);
        return;
      case 'facts':
        this.facts.replaceChildren(
          ...message.facts.map((fact, index) =>
            element(
              'button',
              { type: 'button', class: 'link', onclick: () => this.host.post({ kind: 'openFact', index }) },
              fact,
            ),
          ),
        );
        return;
      case 'outcomes':
        this.store.setOutcomes(message.outcomes);
        this.grid.drawSoon();
        return;
      case 'changed':
        this.wanted = this.grid.active;
        this.store.clear();
        this.close();
        this.readBlocks(0, blockRows);
        return;
      case 'reveal':
        this.reveal(message.row);
        return;
    }
  }

  private toolbar(goTo: HTMLElement): HTMLElement {
    return element(
      'div',
      { class: 'rows-toolbar', role: 'toolbar', 'aria-label': 'Pages and search' },
      this.previous,
      this.range,
      this.next,
      goTo,
      this.search,
      button({
        label: 'Find next',
        onClick: () => this.attempt(this.find(valueIn(this.search))),
      }),
      this.status,
    );
  }

  private viewed(from: number, to: number): void {
    this.visible = { from, to };
    this.readBlocks(from, to);
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => this.host.post({ kind: 'visible', from, to }), settleMs);
    this.showPage();
  }

  private readBlocks(from: number, to: number): void {
    for (const first of this.store.take(from, to)) {
      this.host.readRows(first, blockRows).then(
        (answer) => {
          this.store.give(first, answer);
          this.rowsCame();
        },
        (error: unknown) => {
          this.store.give(first, undefined);
          this.refused(error);
        },
      );
    }
  }

  private rowsCame(): void {
    this.grid.drawSoon();
    this.showPage();
    if (this.wanted !== undefined && (this.store.complete || this.store.known > this.wanted)) {
      const row = this.wanted;
      this.wanted = undefined;
      this.grid.goTo(row);
    }
    if (this.store.problem !== undefined) this.say(`The rows end here: ${this.store.problem}`, 'alert');
    if (this.store.complete) return;
    clearTimeout(this.asking);
    this.asking = window.setTimeout(() => this.attempt(this.askHowMany()), askEveryMs);
  }

  private async askHowMany(): Promise<void> {
    const answer = await this.host.readRows(0, 1);
    this.store.update(answer);
    this.readBlocks(this.visible.from, this.visible.to);
    this.rowsCame();
  }

  private showPage(): void {
    const { first, end } = this.grid.page;
    const { known, complete } = this.store;
    const total = complete ? `of ${countText(known)}` : `of ${countText(known)} read so far…`;
    setText(
      this.range,
      known === 0 ? (complete ? 'No rows' : 'Reading…') : `Rows ${countText(first + 1)}–${countText(end)} ${total}`,
    );
    setDisabled(this.previous, first === 0);
    setDisabled(this.next, end >= known);
  }

  private turnPage(by: 1 | -1): void {
    this.grid.showPage(this.grid.page.first + by * rowsOnPage);
  }

  /** What a person writes: 1 is the first row; thousands may be set apart. */
  private goTo(text: string): void {
    const number = Number(text.replaceAll(/[\s,._]/g, ''));
    if (!Number.isInteger(number) || number < 1) this.say(`“${text}” is no row number.`, 'alert');
    else if (this.store.complete && number > this.store.known) {
      this.say(`There are ${countText(this.store.known)} rows.`, 'alert');
    } else this.reveal(number - 1);
  }

  private reveal(row: number): void {
    if (this.store.complete || this.store.known > row) {
      this.grid.goTo(row);
      this.grid.element.focus();
    } else {
      this.wanted = row;
      this.say(`Reading up to row ${countText(row + 1)}…`);
    }
  }

  /** From behind the active row; from the top when there is none further down. */
  private async find(text: string): Promise<void> {
    if (text === '') return;
    this.keep();
    const ours = ++this.searches;
    const from = this.grid.active + (this.said === foundText(text, this.grid.active) ? 1 : 0);
    this.say('Searching…');
    for (const start of from === 0 ? [0] : [from, 0]) {
      const { row } = await this.host.search(text, start, (rows) => {
        if (ours === this.searches) this.say(`Searching: ${countText(rows)} rows so far…`);
      });
      if (ours !== this.searches) return;
      if (row === undefined) continue;
      this.reveal(row);
      this.say(foundText(text, row));
      return;
    }
    this.say(`No row holds “${text}”.`, 'alert');
  }

  private async open(row: number): Promise<void> {
    this.hover.hide();
    const { row: whole, group } = await this.host.readDetail(row);
    if (this.grid.active !== row) return;
    this.detail.replaceChildren(rowDetail(whole, group, this.detailOptions()));
    this.detail.hidden = false;
    this.grid.goTo(row);
  }

  private detailOptions(): RowDetailOptions {
    return {
      actions: this.init?.actions ?? [],
      onAct: (action, place) => this.host.post({ kind: 'act', action, ...place }),
      onOpenGroup: (place) => this.host.post({ kind: 'openGroup', ...place }),
      onClose: () => this.close(),
    };
  }

  private close(): void {
    if (this.detail.hidden) return;
    this.detail.hidden = true;
    this.detail.replaceChildren();
    this.grid.element.focus();
  }

  private key(event: KeyboardEvent, goTo: HTMLElement): void {
    const mod = event.ctrlKey || event.metaKey;
    if (event.key === 'Escape') {
      this.hover.hide();
      this.close();
    } else if (event.key === 'F3') this.attempt(this.find(valueIn(this.search)));
    else if (mod && event.key === 'f') this.search.focus();
    else if (mod && event.key === 'g') goTo.focus();
    else return;
    event.preventDefault();
  }

  /** What the host refuses is said; nothing is lost. */
  private attempt(work: Promise<void>): void {
    work.catch((error: unknown) => this.refused(error));
  }

  private refused(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error), 'alert');
  }

  private keep(): void {
    this.host.keep({ row: this.grid.active, search: valueIn(this.search) });
  }

  private say(text: string, kind: 'status' | 'alert' = 'status'): void {
    this.said = text;
    this.status.classList.toggle('alert', kind === 'alert');
    setText(this.status, text);
  }
}

function foundText(text: string, row: number): string {
  return `Row ${countText(row + 1)} holds “${text}”.`;
}
