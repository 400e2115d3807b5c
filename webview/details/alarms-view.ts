// Alarms with what to do, probes with their verdict, and the run's notes, newest first.
import type { DashboardMarks } from '../../backend/protocol/dashboard';
import { type Child, element } from '../ui/element';
import { icon } from '../ui/icons';
import { countText, numberText, plural, timeText } from '../ui/number-text';

export class AlarmsView {
  readonly element = element('div', { class: 'details' });

  constructor(private readonly onGoTo: (step: number) => void) {}

  show({ alarms, probes, log }: DashboardMarks): void {
    this.element.replaceChildren(
      element('h2', {}, 'Alarms'),
      alarms.length === 0
        ? element(
            'p',
            { class: 'empty' },
            'No alarm so far. Collapsed entropy, vanished signal, invalid rewards, truncation and the like would be told here.',
          )
        : element('ul', { class: 'alarms' }, ...byKind(alarms).map((same) => this.#alarms(same))),
      ...(probes.length > 0
        ? [element('h2', {}, 'Sparsity probes'), element('ul', { class: 'probes' }, ...probes.map(probe))]
        : []),
      element('h2', {}, 'Log'),
      log.length === 0
        ? element('p', { class: 'empty' }, 'Nothing was noted.')
        : element('ul', { class: 'log' }, ...log.toReversed().map((line) => this.#line(line))),
    );
  }

  /** Alarms of one kind, the newest told in full. */
  #alarms(same: readonly Alarm[]): Child {
    const [newest, ...earlier] = same;
    if (!newest) return undefined;
    const { step, ts, message, advice, overAt } = newest;
    return element(
      'li',
      {},
      icon('warning'),
      element(
        'div',
        {},
        element('p', {}, element('strong', {}, message)),
        element('p', { class: 'advice' }, advice),
        element(
          'p',
          { class: 'when' },
          this.#stepLink(step),
          ` · ${timeText(ts)}`,
          ...(overAt === undefined ? [] : [' · over since ', this.#stepLink(overAt)]),
        ),
        earlier.length > 0 &&
          element(
            'details',
            {},
            element('summary', {}, `The same ${plural(earlier.length, 'time')} before`),
            element(
              'ul',
              { class: 'earlier' },
              ...earlier.map((alarm) => element('li', {}, this.#stepLink(alarm.step), ` ${alarm.message}`)),
            ),
          ),
      ),
    );
  }

  #line({ step, ts, level, message }: DashboardMarks['log'][number]): HTMLElement {
    const sign: Child = level === 'info' ? undefined : icon(level === 'error' ? 'error' : 'warning');
    return element(
      'li',
      { class: level },
      element('time', {}, timeText(ts)),
      this.#stepLink(step),
      sign,
      element('span', {}, message),
    );
  }

  #stepLink(step: number): HTMLElement {
    const text = `step ${countText(step)}`;
    if (step < 1) return element('span', {}, text);
    return element('button', { type: 'button', class: 'link', onclick: () => this.onGoTo(step) }, text);
  }
}

function probe({
  step,
  prompts,
  solved,
  upperBound,
  sparseBelow,
  sparse,
  reason,
}: DashboardMarks['probes'][number]): HTMLElement {
  const verdict = sparse ? 'Sparse' : 'Dense';
  return element(
    'li',
    {},
    element('strong', {}, `${verdict}: `),
    `${reason} (step ${countText(step)}: ${countText(solved)} of ${countText(prompts)} prompts solved, upper bound ${numberText(upperBound)}, sparse below ${numberText(sparseBelow)})`,
  );
}

type Alarm = DashboardMarks['alarms'][number];

/** Newest first, kinds by their newest. */
function byKind(alarms: readonly Alarm[]): Alarm[][] {
  const kinds = new Map<Alarm['kind'], Alarm[]>();
  for (const alarm of alarms.toReversed()) kinds.set(alarm.kind, [...(kinds.get(alarm.kind) ?? []), alarm]);
  return [...kinds.values()];
}
