// The run's checkpoints: step, held-out result at that step, size, and what can be done with each.
import type { DashboardAction, DashboardEvaluation, WebviewMessage } from '../../backend/protocol/dashboard';
import { button } from '../ui/controls';
import { element } from '../ui/element';
import { bytesText, countText, shareText, timeText } from '../ui/number-text';
import { type Checkpoint, keptCheckpoints } from './kept-checkpoints';

export class CheckpointsView {
  readonly element = element('div', { class: 'details' });

  #keep: number | undefined;

  constructor(private readonly post: (message: WebviewMessage) => void) {}

  /** checkpoint.keep of the run; undefined: not known yet. */
  setKept(keep: number | undefined): void {
    this.#keep = keep;
  }

  /** Returns how many there are. */
  show(
    told: readonly Checkpoint[],
    evaluations: readonly DashboardEvaluation[],
    actions: readonly DashboardAction[],
  ): number {
    const checkpoints = keptCheckpoints(told, this.#keep);
    if (checkpoints.length === 0) {
      const text =
        'No checkpoint yet. One is saved at the end, on interruption, every checkpoint.every steps, and by “Save checkpoint now”.';
      this.element.replaceChildren(element('p', { class: 'empty' }, text));
      return 0;
    }
    const heads = ['Step', 'Held-out', 'Saved', 'Size', 'Folder', 'Use'].map((text) =>
      element('th', { scope: 'col' }, text),
    );
    this.element.replaceChildren(
      element(
        'div',
        { class: 'table-scroll' },
        element(
          'table',
          {},
          element('caption', {}, 'Checkpoints, newest first'),
          element('thead', {}, element('tr', {}, ...heads)),
          element('tbody', {}, ...checkpoints.map((one) => this.#row(one, evaluations, actions))),
        ),
      ),
    );
    return checkpoints.length;
  }

  #row(
    { step, ts, path, best, bytes }: Checkpoint,
    evaluations: readonly DashboardEvaluation[],
    actions: readonly DashboardAction[],
  ): HTMLElement {
    const measured = evaluations.findLast((evaluation) => evaluation.step <= step);
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, countText(step), best && element('span', { class: 'tag best' }, 'best')),
      element('td', {}, heldOutText(measured, step)),
      element('td', {}, timeText(ts)),
      element('td', {}, bytesText(bytes)),
      element('td', { class: 'path' }, path),
      element(
        'td',
        { class: 'actions' },
        actions.includes('tryModel') &&
          button({ label: 'Try', icon: 'chat', onClick: () => this.post({ kind: 'tryModel', path }) }),
        actions.includes('exportModel') &&
          button({ label: 'Export', icon: 'export', onClick: () => this.post({ kind: 'exportModel', path }) }),
      ),
    );
  }
}

function heldOutText(evaluation: DashboardEvaluation | undefined, step: number): string {
  if (!evaluation) return '—';
  const parts = Object.entries(evaluation.values).flatMap(([name, value]) =>
    /^eval\/(pass@\d+|greedy)$/.test(name) ? [`${name.slice('eval/'.length)} ${shareText(value)}`] : [],
  );
  return evaluation.step === step ? parts.join(' · ') : `${parts.join(' · ')} (step ${countText(evaluation.step)})`;
}
