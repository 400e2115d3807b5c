// The samples of a run: of one step, or found by a search over all steps; the groups on the left, one of them on the right.
import type { DashboardAction, DashboardFilter, DashboardGroup } from '../../backend/protocol/dashboard';
import { type Host, Refusal } from '../host';
import { button } from '../ui/controls';
import { element, setText } from '../ui/element';
import { countText, plural } from '../ui/number-text';
import { type CompletionOrder, filtered, isEmpty } from './filter';
import { FilterBar } from './filter-bar';
import { GroupDetail } from './group-detail';
import { GroupList, sameGroup } from './group-list';
import { mostTelling } from './unrewarded-traces';

type Found = { readonly groups: DashboardGroup[]; readonly complete: boolean; readonly filter: DashboardFilter };

export class SamplesView {
  readonly element: HTMLElement;
  readonly #bar: FilterBar;
  readonly #list: GroupList;
  readonly #detail: GroupDetail;
  readonly #status = element('p', { class: 'status', role: 'status' });
  readonly #more: HTMLElement;
  readonly #back: HTMLElement;
  #actions: readonly DashboardAction[] = [];
  #mostShown = 200;
  #step: number | undefined;
  #lastStep = 0;
  #groups: readonly DashboardGroup[] = [];
  #found: Found | undefined;
  #shown: DashboardGroup | undefined;
  #order: CompletionOrder = 'sampled';
  /** Answers to older questions are dropped. */
  #asked = 0;

  /** @param onStep the person went to another step here */
  constructor(
    private readonly host: Host,
    onStep: (step: number) => void,
  ) {
    this.#bar = new FilterBar({
      onStep,
      onFilter: () => this.#draw(),
      onOrder: (order) => {
        this.#order = order;
        this.#draw();
      },
      onSearchRun: () => void this.#search(undefined),
    });
    this.#list = new GroupList((group) => {
      this.#shown = group;
      this.#draw();
    });
    this.#detail = new GroupDetail((message) => host.post(message));
    this.#more = button({ label: 'Search earlier steps', onClick: () => void this.#search(this.#found) });
    this.#back = button({ label: 'Back to the step', icon: 'previous', onClick: () => this.#leaveSearch() });
    this.#bar.element.append(element('div', { class: 'samples-status' }, this.#back, this.#status, this.#more));
    this.element = element(
      'div',
      { class: 'samples' },
      this.#bar.element,
      element('div', { class: 'samples-panes' }, this.#list.element, this.#detail.element),
    );
    this.#draw();
  }

  setInit(actions: readonly DashboardAction[], mostShown: number): void {
    this.#actions = actions;
    this.#mostShown = mostShown;
    this.#draw();
  }

  setLastStep(lastStep: number): void {
    this.#lastStep = lastStep;
    this.#bar.showStep(this.#step, lastStep);
    if (this.#step === undefined) this.#draw();
  }

  get step(): number | undefined {
    return this.#step;
  }

  async showStep(step: number): Promise<void> {
    if (step === this.#step && !this.#found) return;
    const asked = ++this.#asked;
    this.#step = step;
    this.#found = undefined;
    this.#bar.showStep(step, this.#lastStep);
    setText(this.#status, `Reading step ${countText(step)}…`);
    try {
      const { groups } = await this.host.request({ kind: 'readSamples', step });
      if (asked !== this.#asked) return;
      this.#groups = groups;
      // The same place in the new step, so that going through steps compares like with like.
      this.#shown = groups.find((group) => group.group === this.#shown?.group) ?? mostTelling(groups);
      this.#draw();
      this.#detail.revealContradiction();
    } catch (error) {
      if (asked === this.#asked) this.#refused(error);
    }
  }

  async #search(before: Found | undefined): Promise<void> {
    const asked = ++this.#asked;
    const { filter } = this.#bar;
    if (isEmpty(filter)) {
      setText(this.#status, 'Say what to look for: a text, a decision, or what was solved.');
      return;
    }
    setText(this.#status, 'Searching, newest steps first…');
    const beforeStep = before && Math.min(...before.groups.map(({ step }) => step));
    const wanted = before?.filter ?? filter;
    try {
      const request = {
        kind: 'search',
        filter: withoutEmpty(wanted),
        limit: this.#mostShown,
        ...(beforeStep !== undefined && Number.isFinite(beforeStep) && { beforeStep }),
      } as const;
      const { groups, complete } = await this.host.request(request);
      if (asked !== this.#asked) return;
      this.#found = { groups: [...(before?.groups ?? []), ...groups], complete, filter: wanted };
      if (!before) this.#shown = groups[0];
      this.#draw();
    } catch (error) {
      if (asked === this.#asked) this.#refused(error);
    }
  }

  #leaveSearch(): void {
    this.#found = undefined;
    this.#shown = this.#groups[0];
    this.#draw();
  }

  #refused(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    this.#groups = [];
    this.#shown = undefined;
    this.#draw();
    setText(this.#status, error.message);
  }

  #draw(): void {
    const found = this.#found;
    const all = found ? found.groups : filtered(this.#groups, this.#bar.filter);
    const groups = all.slice(0, found ? all.length : this.#mostShown);
    const shown = groups.find((group) => sameGroup(group, this.#shown)) ?? groups[0];
    this.#shown = shown;
    this.#list.show(groups, shown, found !== undefined);
    this.#detail.show(shown, {
      order: this.#order,
      search: (found?.filter ?? this.#bar.filter).text ?? '',
      actions: this.#actions,
    });
    this.#back.hidden = found === undefined;
    this.#more.hidden = found === undefined || found.complete;
    setText(this.#status, found ? foundText(found) : this.#stepText(all.length, groups.length));
  }

  #stepText(passing: number, shown: number): string {
    if (this.#lastStep === 0) return 'Samples appear after the first step.';
    if (this.#step === undefined) return 'Choose a step: click a chart or the switch strip.';
    const groups = plural(this.#groups.length, 'group');
    const cut = shown < passing ? ` The first ${countText(shown)} are listed (superrl.dashboard.maxSamplesShown).` : '';
    if (isEmpty(this.#bar.filter)) return `Step ${countText(this.#step)}: ${groups}.${cut}`;
    return `Step ${countText(this.#step)}: ${countText(passing)} of ${groups} pass the filter.${cut}`;
  }
}

function foundText({ groups, complete }: Found): string {
  const steps = groups.map(({ step }) => step);
  const where = steps.length > 0 ? `, steps ${countText(Math.min(...steps))}–${countText(Math.max(...steps))}` : '';
  return `Found ${plural(groups.length, 'group')}${where}. ${complete ? 'All steps were searched.' : 'Earlier steps were not searched yet.'}`;
}

function withoutEmpty(filter: DashboardFilter): DashboardFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== ''));
}
