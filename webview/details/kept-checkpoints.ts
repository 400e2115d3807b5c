// Which of the checkpoints that a run told of are still there. Pure.
import type { DashboardMarks } from '../../backend/protocol/dashboard';

export type Checkpoint = DashboardMarks['checkpoints'][number];

/**
 * Those that are still there, newest first: the trainer deletes all but the newest `keep` and the best, which is the
 * last that was told to be.
 */
export function keptCheckpoints(checkpoints: readonly Checkpoint[], keep: number | undefined): Checkpoint[] {
  const best = checkpoints.findLast((checkpoint) => checkpoint.best)?.path;
  // One saved twice (again after a resume, or newly the best) counts once, as it was last.
  const byPath = [...new Map(checkpoints.map((one) => [one.path, one])).values()].sort((a, b) => b.step - a.step);
  return byPath
    .filter(({ path }, index) => keep === undefined || index < keep || path === best)
    .map((checkpoint) => ({ ...checkpoint, best: checkpoint.path === best }));
}
