// The run's checkpoints: step, held-out result at that step, size, and what can be done with each.
import type {
  DashboardAction,
  DashboardEvaluation,
  DashboardMarks,
  WebviewMessage,
} from '../../backend/protocol/dashboard';
import { button } from '../ui/controls';
import { element } from '../ui/element';
import { bytesText, countText, shareText, timeText } from '../ui/number-text';

type Checkpoint = DashboardMarks['checkpoints'][number];

export class CheckpointsView {
  readonly element = element('div', { class: 'details' });

  constructor(private readonly post: (message: WebviewMessage) => void) {}

  show(
    checkpoints: readonly Checkpoint[],
    evaluations: readonly DashboardEvaluation[],
    actions: readonly DashboardAction[],
  ): void {
    if (checkpoints.length === 0) {
      const text =
        'No checkpoint yet. One is saved at the end, on interruption, every checkpoint.every steps, and by “Save checkpoint now”.';
      this.element.replaceChildren(element('p', { class: 'empty' }, text));
      return;
    }
    const heads = ['Step', 'Held-out', 'Saved', 'Size', 'Folder', ''].map((text) =>
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
          element('tbody', {}, ...newestOf(checkpoints).map((one) => this.#row(one, evaluations, actions))),
        ),
      ),
    );
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

/** A checkpoint saved twice (again after a resume, or newly the best) counts once, as it was last. */
function newestOf(checkpoints: readonly Checkpoint[]): Checkpoint[] {
  return [...new Map(checkpoints.map((one) => [one.path, one])).values()].sort((a, b) => b.step - a.step);
}

function heldOutText(evaluation: DashboardEvaluation | undefined, step: number): string {
  if (!evaluation) return '—';
  const parts = Object.entries(evaluation.values).flatMap(([name, value]) =>
    /^eval\/(pass@\d+|greedy)$/.test(name) ? [`${name.slice('eval/'.length)} ${shareText(value)}`] : [],
  );
  return evaluation.step === step ? parts.join(' · ') : `${parts.join(' · ')} (step ${countText(evaluation.step)})`;
}
