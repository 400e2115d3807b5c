// One completion: its rewards by component, advantage, length, how it ended, and the text itself.
import type {
  DashboardAction,
  DashboardCompletion,
  DashboardGroup,
  WebviewMessage,
} from '../../backend/protocol/dashboard';
import { button } from '../ui/controls';
import { element, markedText } from '../ui/element';
import { icon } from '../ui/icons';
import { countText, numberText, plural } from '../ui/number-text';
import { repeatsTrace, unrewardedTraces } from './unrewarded-traces';

export interface CardContext {
  readonly group: DashboardGroup;
  /** Largest |advantage| of the group: the length of a whole bar. */
  readonly largestAdvantage: number;
  /** The demonstration shown beside. */
  readonly demonstration: number;
  readonly search: string;
  readonly actions: readonly DashboardAction[];
  readonly post: (message: WebviewMessage) => void;
}

const endings = {
  eos: 'ended by itself',
  stop: 'ended at the stop string',
  length: 'cut off at maxNewTokens',
} as const;

export function completionCard(completion: DashboardCompletion, context: CardContext): HTMLElement {
  const { index, success, reward, advantage, tokens, stopReason, truncated, text, cut } = completion;
  const verdict = reward === null ? 'invalid' : success ? 'success' : 'failure';
  const contradicts = unrewardedTraces(context.group).includes(completion);
  const words = { invalid: 'No valid reward', success: 'Correct', failure: 'Wrong' }[verdict];
  return element(
    'article',
    {
      class: `completion ${verdict}${contradicts ? ' contradicts-trace' : ''}`,
      'aria-label': `Completion ${index + 1}: ${words}`,
    },
    element(
      'header',
      {},
      element(
        'h3',
        {},
        icon(verdict === 'success' ? 'check' : verdict === 'failure' ? 'cross' : 'warning'),
        `#${index + 1} ${words}`,
      ),
      element('span', { class: 'fact', title: endings[stopReason] }, plural(tokens, 'token')),
      truncated && element('span', { class: 'tag warning', title: endings.length }, 'truncated'),
      repeatsTrace(completion, context.group) && sameAsTrace(verdict === 'success'),
      actionButtons(completion, context),
    ),
    element('div', { class: 'outcome' }, rewardList(completion), advantageBar(advantage, context.largestAdvantage)),
    element(
      'pre',
      { class: 'model-text', tabindex: '0', 'aria-label': `Text of completion ${index + 1}` },
      ...(text === '' ? [element('em', {}, 'empty')] : markedText(text, context.search)),
    ),
    cut &&
      element(
        'p',
        { class: 'cut' },
        `The first ${countText(text.length)} characters. Open the sample to read all of it.`,
      ),
  );
}

function sameAsTrace(rewarded: boolean): HTMLElement {
  const title = rewarded
    ? 'Word for word what the trace says'
    : 'Word for word what the trace says, and yet no success: the reward or the trace is wrong';
  return element('span', { class: rewarded ? 'tag' : 'tag warning', title }, 'same as the trace');
}

function rewardList({ rewards, reward }: DashboardCompletion): HTMLElement {
  return element(
    'dl',
    { class: 'rewards' },
    element('div', { class: 'sum' }, element('dt', {}, 'reward'), element('dd', {}, numberText(reward))),
    ...Object.entries(rewards).map(([name, outcome]) => {
      const invalid = 'invalid' in outcome;
      const value = invalid
        ? `${outcome.invalid}: ${outcome.reason}`
        : outcome.value === null
          ? 'does not apply'
          : numberText(outcome.value);
      return element('div', { class: invalid ? 'invalid' : '' }, element('dt', {}, name), element('dd', {}, value));
    }),
  );
}

/** To the right what is learned more of, to the left what less. */
function advantageBar(advantage: number | null, largest: number): HTMLElement {
  const text = `advantage ${advantage !== null && advantage > 0 ? '+' : ''}${numberText(advantage)}`;
  const bar = element('span', { class: 'advantage-bar', 'aria-hidden': 'true' });
  const share = advantage === null || largest === 0 ? 0 : Math.abs(advantage) / largest;
  bar.style.setProperty('--share', String(share));
  bar.classList.toggle('negative', (advantage ?? 0) < 0);
  bar.hidden = share === 0;
  return element('span', { class: 'fact advantage' }, text, bar);
}

function actionButtons(
  { index, rewards }: DashboardCompletion,
  { group, actions, post, demonstration }: CardContext,
): HTMLElement {
  const place = { step: group.step, group: group.group, index };
  const [component] = Object.keys(rewards);
  return element(
    'span',
    { class: 'actions' },
    actions.includes('openSample') &&
      button({
        label: 'Open in an editor',
        icon: 'open',
        iconOnly: true,
        onClick: () => post({ kind: 'openSample', ...place }),
      }),
    actions.includes('compareWithTrace') &&
      group.demonstrations.length > 0 &&
      button({
        label: 'Compare with the trace',
        icon: 'compare',
        iconOnly: true,
        onClick: () => post({ kind: 'compareWithTrace', ...place, demonstration }),
      }),
    actions.includes('compareWithEarlier') &&
      button({
        label: 'Compare with an earlier sample',
        icon: 'history',
        iconOnly: true,
        onClick: () => post({ kind: 'compareWithEarlier', ...place }),
      }),
    actions.includes('debugReward') &&
      component !== undefined &&
      button({
        label: 'Debug reward',
        icon: 'bug',
        onClick: () => post({ kind: 'debugReward', ...place, component }),
      }),
    actions.includes('saveFixture') &&
      component !== undefined &&
      button({
        label: 'Save as a reward fixture',
        icon: 'beaker',
        iconOnly: true,
        onClick: () => post({ kind: 'saveFixture', ...place, component }),
      }),
  );
}
