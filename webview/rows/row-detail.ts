// A row in full, and the newest group that was sampled for it: why it was decided so, each completion with its reward,
// and what can be done with it.
import type { RowAction, ViewedGroup, ViewedRow } from '../../backend/protocol/rows-view';
import { decisionNames } from '../charts/switch-words';
import { button } from '../ui/controls';
import { element } from '../ui/element';
import type { IconName } from '../ui/icons';
import { countText, numberText, plural } from '../ui/number-text';

export interface RowDetailOptions {
  readonly actions: readonly RowAction[];
  readonly onAct: (action: RowAction, place: { step: number; group: number; index: number }) => void;
  readonly onOpenGroup: (place: { step: number; group: number }) => void;
  readonly onClose: () => void;
}

const actionButtons: Readonly<Record<RowAction, { readonly label: string; readonly icon: IconName }>> = {
  openSample: { label: 'Open in an editor', icon: 'open' },
  compareWithTrace: { label: 'Compare with the trace', icon: 'compare' },
  compareWithEarlier: { label: 'Compare with an earlier sample', icon: 'history' },
  debugReward: { label: 'Debug the reward on this', icon: 'bug' },
};

/** Completions that the hover shows, and characters of each. */
const hoverCompletions = 2;
const hoverCharacters = 300;

export function rowDetail(row: ViewedRow, group: ViewedGroup | undefined, options: RowDetailOptions): HTMLElement {
  const title = `Row ${countText(row.row + 1)}`;
  return element(
    'section',
    { class: 'row-detail', 'aria-label': title },
    element(
      'header',
      {},
      element('h2', {}, title),
      row.line !== undefined && element('span', { class: 'hint' }, `line ${countText(row.line)}`),
      button({ label: 'Close', icon: 'close', iconOnly: true, onClick: options.onClose }),
    ),
    group ? groupPart(group, options) : element('p', { class: 'empty' }, 'No run has touched this row.'),
    element(
      'dl',
      { class: 'columns' },
      ...Object.entries(row.cells).flatMap(([name, text]) => [
        element('dt', {}, name),
        element('dd', {}, element('pre', { class: 'model-text' }, text)),
      ]),
    ),
  );
}

/** The same in short, as it stands beside the pointer. */
export function rowHover(group: ViewedGroup): HTMLElement {
  const shown = group.completions.slice(0, hoverCompletions);
  const rest = group.completions.length - shown.length;
  return element(
    'div',
    { class: 'row-hover', role: 'tooltip' },
    ...verdict(group),
    ...shown.map(({ index, text, reward }) =>
      element(
        'div',
        {},
        element('p', {}, `#${index + 1} ${rewardText(reward)}`),
        element('pre', { class: 'model-text' }, text.slice(0, hoverCharacters)),
      ),
    ),
    element('p', { class: 'hint' }, `${rest > 0 ? `${plural(rest, 'more completion')}. ` : ''}Click the row for all.`),
  );
}

function groupPart(group: ViewedGroup, options: RowDetailOptions): HTMLElement {
  const { step, group: number, completions, demonstrations } = group;
  const actions = options.actions.filter((action) => action !== 'compareWithTrace' || demonstrations > 0);
  return element(
    'section',
    { class: 'newest-group', 'aria-label': 'Newest group' },
    ...verdict(group),
    button({
      label: 'The whole group',
      icon: 'open',
      onClick: () => options.onOpenGroup({ step, group: number }),
    }),
    ...completions.map(({ index, text, reward, success }) =>
      element(
        'article',
        { class: 'viewed-completion', 'aria-label': `Completion ${index + 1}` },
        element(
          'header',
          {},
          element('h3', {}, `#${index + 1} ${success ? 'Correct' : 'Wrong'}, ${rewardText(reward)}`),
          element(
            'span',
            { class: 'actions' },
            ...actions.map((action) =>
              button({
                ...actionButtons[action],
                iconOnly: true,
                onClick: () => options.onAct(action, { step, group: number, index }),
              }),
            ),
          ),
        ),
        element('pre', { class: 'model-text' }, text === '' ? element('em', {}, 'empty') : text),
      ),
    ),
  );
}

function verdict({ step, group, decision, reason, outcome }: ViewedGroup): HTMLElement[] {
  return [
    element(
      'p',
      { class: 'verdict' },
      element('span', { class: `decision decision-${decision}` }, decisionNames[decision]),
      element('strong', {}, `Step ${step}, group ${group + 1}`),
      element('span', { class: 'hint' }, outcome),
    ),
    element('p', {}, reason),
  ];
}

function rewardText(reward: number | null): string {
  return reward === null ? 'no valid reward' : `reward ${numberText(reward)}`;
}
