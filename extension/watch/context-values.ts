// Which context keys are set, for the runs there are.
import type { RunSummary } from '../../backend/protocol/messages';
import type { contextKeys } from '../contributions/commands';
import { runMarks } from './run-list';

export function contextValues(runs: readonly RunSummary[]): Record<keyof typeof contextKeys, boolean> {
  const shown = runs.filter(({ state }) => state !== 'queued');
  const marked = (mark: ReturnType<typeof runMarks>[number]) => shown.some((run) => runMarks(run).includes(mark));
  return {
    hasRuns: shown.length > 0,
    hasRunning: marked('running'),
    hasPausable: marked('pausable'),
    hasResumable: marked('resumable'),
    hasCheckpoints: marked('checkpoints'),
    hasTwoRuns: shown.length > 1,
  };
}
