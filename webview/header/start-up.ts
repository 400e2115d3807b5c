// What stands in place of the charts while there are none: what is happening now, for how long already, what comes next.
import type { DashboardHeader } from '../../backend/protocol/dashboard';
import { progressRing } from '../ui/controls';
import { element, setText } from '../ui/element';
import { durationText } from '../ui/number-text';

/** Phases before the first curve, in order; probe and eval only where the run has them. */
const stages = [
  { phase: 'load', name: 'Load data and model' },
  { phase: 'probe', name: 'Probe how sparse reward is' },
  { phase: 'eval', name: 'First evaluation' },
  { phase: 'generate', name: 'Sample completions of step 1' },
  { phase: 'reward', name: 'Score them' },
  { phase: 'update', name: 'Update the weights' },
] as const;

export interface Situation {
  readonly title: string;
  readonly detail: string;
  readonly busy: boolean;
  readonly phase?: string | undefined;
}

/** What to say when there is no step yet; undefined: charts can be shown. */
export function situationOf(header: DashboardHeader | undefined, hasSteps: boolean): Situation | undefined {
  if (!header) return { title: 'Opening the run…', detail: 'Asking the backend for it.', busy: true };
  if (hasSteps) return undefined;
  const { state, reason, activity, loading, connection } = header;
  if (connection.state === 'lost') {
    return {
      title: 'No connection to the backend',
      detail: connection.message ?? 'It is tried again on its own.',
      busy: false,
    };
  }
  if (loading) return { title: 'Reading the run…', detail: 'Its charts appear once its events are read.', busy: true };
  switch (state) {
    case 'queued':
      return { title: 'Queued', detail: reason ?? 'It starts when the run before it ends.', busy: false };
    case 'failed':
      return { title: 'The run failed before its first step', detail: reason ?? 'The log says why.', busy: false };
    case 'interrupted':
      return { title: 'Interrupted before the first step', detail: reason ?? 'Start it again.', busy: false };
    case 'finished':
      return { title: 'Finished without a step', detail: reason ?? 'The budget allowed none.', busy: false };
    case 'damaged':
      return { title: 'This run can’t be read', detail: reason ?? 'Its folder is damaged.', busy: false };
    case 'paused':
      return { title: 'Paused before the first step', detail: reason ?? 'Resume to go on.', busy: false };
    default:
      return {
        title: activity?.message ? `${activity.message.replace(/[.…]+$/, '')}…` : 'Starting…',
        detail: 'The first charts appear after the first step.',
        busy: true,
        phase: activity?.phase ?? 'load',
      };
  }
}

export class StartUp {
  readonly element: HTMLElement;
  readonly #title = element('h2', { role: 'status' });
  readonly #detail = element('p', {});
  readonly #since = element('p', { class: 'since' });
  readonly #stages = element('ol', { class: 'stages' });
  readonly #ring = progressRing('Working');
  #sinceMs: number | undefined;

  constructor() {
    this.element = element(
      'section',
      { class: 'start-up', 'aria-label': 'Start of the run' },
      this.#ring,
      this.#title,
      this.#detail,
      this.#stages,
      this.#since,
    );
    window.setInterval(() => this.#tick(), 1000);
  }

  show(situation: Situation, sinceMs: number | undefined): void {
    setText(this.#title, situation.title);
    setText(this.#detail, situation.detail);
    this.#ring.hidden = !situation.busy;
    const now = stages.findIndex(({ phase }) => phase === situation.phase);
    this.#stages.hidden = now < 0;
    this.#stages.replaceChildren(
      ...stages.map(({ name }, index) =>
        element(
          'li',
          {
            class: index < now ? 'done' : index === now ? 'now' : 'later',
            'aria-current': index === now ? 'step' : undefined,
          },
          name,
        ),
      ),
    );
    this.#sinceMs = situation.busy ? sinceMs : undefined;
    this.#tick();
  }

  #tick(): void {
    this.#since.hidden = this.#sinceMs === undefined || this.element.hidden;
    if (this.#sinceMs !== undefined) setText(this.#since, `for ${durationText(Date.now() - this.#sinceMs)}`);
  }
}
