// Stands in place of the charts while there are none: what is happening now, for how long already, what comes next.
import { progressRing } from '../ui/controls';
import { element, setText } from '../ui/element';
import { durationText } from '../ui/number-text';
import type { Situation } from './situation';

/** Phases before the first curve, in order; probe and eval only where the run has them. */
const stages = [
  { phase: 'load', name: 'Load data and model' },
  { phase: 'probe', name: 'Probe how sparse reward is' },
  { phase: 'eval', name: 'First evaluation' },
  { phase: 'generate', name: 'Sample completions of step 1' },
  { phase: 'reward', name: 'Score them' },
  { phase: 'update', name: 'Update the weights' },
] as const;

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
