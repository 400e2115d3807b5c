// The newest alarm that stands (or stood when the run ended), with what to do about it, until the person puts it away;
// all of them are under "Alarms and log".
import type { DashboardMarks } from '../../backend/protocol/dashboard';
import { button } from '../ui/controls';
import { element } from '../ui/element';
import { icon } from '../ui/icons';
import { countText } from '../ui/number-text';

type Alarm = DashboardMarks['alarms'][number];

export class AlarmBanner {
  readonly element = element('div', { class: 'alarm-banner', role: 'alert', hidden: true });
  #shown: Alarm | undefined;
  #putAway = 0;

  constructor(private readonly onGoTo: (step: number) => void) {}

  show(alarms: readonly Alarm[]): void {
    const newest = alarms.findLast(({ overAt }) => overAt === undefined);
    if (newest?.ts === this.#shown?.ts) return;
    this.#shown = newest;
    this.element.hidden = newest === undefined || newest.ts <= this.#putAway;
    if (!newest) return;
    const { step, message, advice, ts } = newest;
    this.element.replaceChildren(
      icon('warning'),
      element(
        'p',
        {},
        element('strong', {}, `Step ${countText(step)}: `),
        message,
        ' ',
        element('span', { class: 'advice' }, advice),
      ),
      button({ label: 'Show the step', appearance: 'secondary', onClick: () => this.onGoTo(step) }),
      button({
        label: 'Put this alarm away',
        icon: 'close',
        iconOnly: true,
        onClick: () => {
          this.#putAway = ts;
          this.element.hidden = true;
        },
      }),
    );
  }
}
