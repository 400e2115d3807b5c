// The groups of a step, or those that a search found: one line each with decision, question and a mark a completion.
import type { DashboardCompletion, DashboardGroup } from '../../backend/protocol/dashboard';
import { decisionNames } from '../charts/switch-words';
import { element } from '../ui/element';
import { countText } from '../ui/number-text';
import { unrewardedTraces } from './unrewarded-traces';

export function sameGroup(a: DashboardGroup | undefined, b: DashboardGroup | undefined): boolean {
  return a !== undefined && b !== undefined && a.step === b.step && a.group === b.group;
}

export class GroupList {
  readonly element = element('ul', { class: 'groups', 'aria-label': 'Groups' });
  #groups: readonly DashboardGroup[] = [];
  #shown: DashboardGroup | undefined;

  constructor(private readonly onShow: (group: DashboardGroup) => void) {
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param withStep the groups come from several steps */
  show(groups: readonly DashboardGroup[], shown: DashboardGroup | undefined, withStep: boolean): void {
    this.#groups = groups;
    this.#shown = shown;
    this.element.replaceChildren(...groups.map((group) => element('li', {}, this.#row(group, withStep))));
  }

  #row(group: DashboardGroup, withStep: boolean): HTMLElement {
    const { decision, question, completions } = group;
    const current = sameGroup(group, this.#shown);
    const solved = decision.valid > 0 ? `${decision.successes} of ${decision.valid} solved` : 'no valid completion';
    return element(
      'button',
      {
        type: 'button',
        class: 'group-row',
        'aria-current': current ? 'true' : undefined,
        tabindex: current || (this.#shown === undefined && group === this.#groups[0]) ? '0' : '-1',
        onclick: () => this.onShow(group),
      },
      element('span', { class: `decision decision-${decision.kind}` }, decisionNames[decision.kind]),
      element(
        'span',
        { class: 'question' },
        withStep && element('b', {}, `step ${countText(group.step)} `),
        firstLine(question),
      ),
      element('span', { class: 'marks', 'aria-hidden': 'true' }, ...completions.map(mark)),
      element('span', { class: 'solved' }, solved),
      decision.maskedByShaping && element('span', { class: 'tag warning' }, 'masked'),
      decision.noSignal && element('span', { class: 'tag' }, 'no signal'),
      unrewardedTraces(group).length > 0 && element('span', { class: 'tag warning' }, 'trace not rewarded'),
    );
  }

  #key(event: KeyboardEvent): void {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    const now = this.#groups.findIndex((group) => sameGroup(group, this.#shown));
    const next = this.#groups[Math.min(this.#groups.length - 1, Math.max(0, now + by))];
    if (!next) return;
    event.preventDefault();
    this.onShow(next);
    const row = this.element.querySelector('[aria-current]');
    if (row instanceof HTMLElement) row.focus();
  }
}

/** A square a completion: filled when it succeeds, crossed out when invalid, open-ended when cut off. */
function mark({ success, reward, truncated }: DashboardCompletion): HTMLElement {
  const kind = reward === null ? 'invalid' : success ? 'success' : 'failure';
  return element('span', { class: `mark ${kind}${truncated ? ' truncated' : ''}` });
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}
