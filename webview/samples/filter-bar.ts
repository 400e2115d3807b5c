// Which step, which groups of it, in which order: the bar above the samples.
import type { DashboardFilter } from '../../backend/protocol/dashboard';
import { button, checkbox, dropdown, setDisabled, setValue, textField } from '../ui/controls';
import { element } from '../ui/element';
import { type CompletionOrder, completionOrders } from './filter';

export interface FilterBarEvents {
  readonly onStep: (step: number) => void;
  readonly onFilter: (filter: DashboardFilter) => void;
  readonly onOrder: (order: CompletionOrder) => void;
  readonly onSearchRun: () => void;
}

const orderNames: Readonly<Record<CompletionOrder, string>> = {
  sampled: 'as sampled',
  shortest: 'shortest first',
  longest: 'longest first',
  best: 'highest reward first',
  worst: 'lowest reward first',
};

const all = { value: '', label: 'all' };

export class FilterBar {
  readonly element: HTMLElement;
  readonly #step: HTMLElement;
  readonly #previous: HTMLElement;
  readonly #next: HTMLElement;
  readonly #search: HTMLElement;
  #filter: DashboardFilter = {};
  #shown: number | undefined;
  #last = 0;

  constructor(private readonly events: FilterBarEvents) {
    this.#step = textField({
      label: 'Step',
      size: 6,
      onCommit: (text) => {
        const step = Number(text.replace(/[,\s]/g, ''));
        if (Number.isInteger(step) && step >= 1 && step <= this.#last) events.onStep(step);
        else this.#showStep();
      },
    });
    this.#previous = button({ label: 'Previous step', icon: 'previous', iconOnly: true, onClick: () => this.#go(-1) });
    this.#next = button({ label: 'Next step', icon: 'next', iconOnly: true, onClick: () => this.#go(1) });
    const decision = dropdown(
      'Learned by',
      [
        all,
        { value: 'pg', label: 'policy gradient' },
        { value: 'sft', label: 'traces' },
        { value: 'mix', label: 'both' },
        { value: 'skip', label: 'skipped' },
      ],
      (value) => this.#set({ decision: oneOf(['pg', 'sft', 'mix', 'skip'] as const, value) }),
    );
    const solved = dropdown(
      'Solved by',
      [all, { value: 'none', label: 'none' }, { value: 'some', label: 'some' }, { value: 'all', label: 'all of them' }],
      (value) => this.#set({ solved: oneOf(['none', 'some', 'all'] as const, value) }),
    );
    const order = dropdown(
      'Order',
      completionOrders.map((value) => ({ value, label: orderNames[value] })),
      (value) => events.onOrder(oneOf(completionOrders, value) ?? 'sampled'),
    );
    const masked = checkbox('Masked by shaping', false, (checked) =>
      this.#set({ maskedByShaping: checked || undefined }),
    );
    masked.title = 'Groups in which a shaping reward would have hidden that no completion is correct';
    this.#search = textField({
      label: 'Search in completions',
      placeholder: 'Search in completions',
      onCommit: (text) => this.#set({ text }),
    });
    this.#search.addEventListener('input', () => {
      if ('value' in this.#search) this.#set({ text: String(this.#search.value) });
    });
    const searchRun = button({ label: 'Search all steps', onClick: () => events.onSearchRun() });
    this.element = element(
      'div',
      { class: 'bar', role: 'search', 'aria-label': 'Samples' },
      element(
        'span',
        { class: 'step-picker' },
        this.#previous,
        element('label', { class: 'labelled' }, element('span', {}, 'Step'), this.#step),
        this.#next,
      ),
      decision,
      solved,
      order,
      masked,
      element('span', { class: 'search' }, this.#search, searchRun),
    );
  }

  get filter(): DashboardFilter {
    return this.#filter;
  }

  showStep(step: number | undefined, last: number): void {
    this.#shown = step;
    this.#last = last;
    this.#showStep();
    setDisabled(this.#previous, step === undefined || step <= 1);
    setDisabled(this.#next, step === undefined || step >= last);
  }

  #showStep(): void {
    // Not while it is being typed.
    if (document.activeElement !== this.#step)
      setValue(this.#step, this.#shown === undefined ? '' : String(this.#shown));
  }

  #go(by: number): void {
    if (this.#shown !== undefined) this.events.onStep(this.#shown + by);
  }

  #set(change: DashboardFilter): void {
    const before = JSON.stringify(this.#filter);
    this.#filter = { ...this.#filter, ...change };
    if (JSON.stringify(this.#filter) !== before) this.events.onFilter(this.#filter);
  }
}

function oneOf<T extends string>(values: readonly T[], value: string): T | undefined {
  return values.find((one) => one === value);
}
