// Completions that say what a trace of their prompt says and are no success all the same: there the reward is wrong, or
// the trace is. Pure.
import type { DashboardCompletion, DashboardGroup } from '../../backend/protocol/dashboard';

/** Word for word a trace of the prompt. */
export function repeatsTrace(
  { text, cut }: DashboardCompletion,
  { demonstrations }: Pick<DashboardGroup, 'demonstrations'>,
): boolean {
  return !cut && demonstrations.some((trace) => trace.trim() === text.trim());
}

export function unrewardedTraces(group: DashboardGroup): DashboardCompletion[] {
  return group.completions.filter(
    (completion) => completion.reward !== null && !completion.success && repeatsTrace(completion, group),
  );
}

/** The group that says most about a fault of the reward, else the first one. */
export function mostTelling(groups: readonly DashboardGroup[]): DashboardGroup | undefined {
  const counts = groups.map((group) => unrewardedTraces(group).length);
  return groups[counts.indexOf(Math.max(...counts))];
}
