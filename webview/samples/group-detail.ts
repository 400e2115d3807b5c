// One group: the question, the decision with its reason in words, the K completions, and the trace beside them.
import type { DashboardAction, DashboardGroup, WebviewMessage } from '../../backend/protocol/dashboard';
import { decisionNames } from '../charts/switch-words';
import { button } from '../ui/controls';
import { element } from '../ui/element';
import { plural, shareText } from '../ui/number-text';
import { completionCard } from './completion-card';
import { type CompletionOrder, ordered } from './filter';

export interface DetailLook {
  readonly order: CompletionOrder;
  readonly search: string;
  readonly actions: readonly DashboardAction[];
}

export class GroupDetail {
  readonly element = element('section', { class: 'group-detail', 'aria-label': 'Group' });
  #demonstration = 0;
  #group: DashboardGroup | undefined;

  constructor(private readonly post: (message: WebviewMessage) => void) {}

  show(group: DashboardGroup | undefined, look: DetailLook): void {
    if (group !== this.#group) this.#demonstration = 0;
    this.#group = group;
    if (!group) {
      this.element.replaceChildren();
      return;
    }
    const { demonstrations } = group;
    this.element.replaceChildren(
      this.#head(group, look),
      element(
        'div',
        { class: demonstrations.length > 0 ? 'beside' : '' },
        element('div', { class: 'completions' }, ...this.#cards(group, look)),
        demonstrations.length > 0 && this.#trace(group, look),
      ),
    );
  }

  /** Brings the first completion into sight that says what its trace says and is not rewarded. */
  revealContradiction(): void {
    this.element.querySelector('.contradicts-trace')?.scrollIntoView({ block: 'nearest' });
  }

  #head(group: DashboardGroup, { actions }: DetailLook): HTMLElement {
    const { decision, question, prompt, answer, step, group: index } = group;
    return element(
      'header',
      { class: 'group-head' },
      element(
        'p',
        { class: 'verdict' },
        element('span', { class: `decision decision-${decision.kind}` }, decisionNames[decision.kind]),
        element('strong', {}, decision.reason),
      ),
      element('pre', { class: 'model-text question' }, question || prompt),
      element(
        'p',
        { class: 'group-facts' },
        element('span', {}, 'Answer: ', element('code', {}, answer || '—')),
        element(
          'span',
          {},
          decision.passRate === null
            ? 'no valid completion'
            : `pass rate ${shareText(decision.passRate)} (${decision.successes} of ${decision.valid})`,
        ),
        decision.posterior !== undefined && element('span', {}, `P(sparse) ${shareText(decision.posterior)}`),
        decision.missingDemonstration && element('span', { class: 'tag warning' }, 'no trace for this prompt'),
        decision.maskedByShaping &&
          element(
            'span',
            { class: 'tag warning', title: 'A shaping reward would have hidden that no completion is correct' },
            'masked by shaping',
          ),
        actions.includes('openSource') &&
          button({
            label: 'Show in the dataset',
            icon: 'open',
            onClick: () => this.post({ kind: 'openSource', step, group: index }),
          }),
      ),
      question !== '' &&
        prompt !== question &&
        element(
          'details',
          {},
          element('summary', {}, 'Prompt as the model saw it'),
          element('pre', { class: 'model-text' }, prompt),
        ),
    );
  }

  #cards(group: DashboardGroup, { order, search, actions }: DetailLook): HTMLElement[] {
    const { completions, decision } = group;
    if (completions.length === 0) {
      return [
        element(
          'p',
          { class: 'empty' },
          'Nothing was sampled for this prompt: the SFT phase learns from traces alone.',
        ),
      ];
    }
    const largestAdvantage = Math.max(0, ...completions.map(({ advantage }) => Math.abs(advantage ?? 0)));
    const context = { group, largestAdvantage, search, actions, demonstration: this.#demonstration, post: this.post };
    const cards = ordered(completions, order).map((completion) => completionCard(completion, context));
    if (completions.length === decision.k) return cards;
    return [
      element('p', { class: 'empty' }, `${completions.length} of ${plural(decision.k, 'completion')} hold the text.`),
      ...cards,
    ];
  }

  #trace(group: DashboardGroup, look: DetailLook): HTMLElement {
    const { demonstrations } = group;
    const turn = (by: number) => {
      this.#demonstration = (this.#demonstration + by + demonstrations.length) % demonstrations.length;
      this.show(group, look);
    };
    const title =
      demonstrations.length === 1 ? 'Trace' : `Trace ${this.#demonstration + 1} of ${demonstrations.length}`;
    return element(
      'section',
      { class: 'trace', 'aria-label': title },
      element(
        'header',
        {},
        element('h3', {}, title),
        demonstrations.length > 1 &&
          button({ label: 'Previous trace', icon: 'previous', iconOnly: true, onClick: () => turn(-1) }),
        demonstrations.length > 1 &&
          button({ label: 'Next trace', icon: 'next', iconOnly: true, onClick: () => turn(1) }),
      ),
      element(
        'pre',
        { class: 'model-text', tabindex: '0', 'aria-label': 'Text of the trace' },
        demonstrations[this.#demonstration] ?? '',
      ),
    );
  }
}
