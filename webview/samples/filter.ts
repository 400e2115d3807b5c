// Which groups of a step pass the filter, and in which order their completions are shown. Pure; the same rules as
// the backend's search over the whole run (searchSamples).
import type { DashboardCompletion, DashboardFilter, DashboardGroup } from '../../backend/protocol/dashboard';

export const completionOrders = ['sampled', 'shortest', 'longest', 'best', 'worst'] as const;
export type CompletionOrder = (typeof completionOrders)[number];

/** Groups that pass; with a text, only with the completions that hold it, upper and lower case alike. */
export function filtered(groups: readonly DashboardGroup[], filter: DashboardFilter): DashboardGroup[] {
  const { decision, solved, maskedByShaping, text = '' } = filter;
  const wanted = text.toLowerCase();
  return groups.flatMap((group) => {
    const seen = group.decision;
    if (decision !== undefined && seen.kind !== decision) return [];
    if (solved !== undefined && seen.solved !== solved) return [];
    if (maskedByShaping !== undefined && seen.maskedByShaping !== maskedByShaping) return [];
    if (wanted === '') return [group];
    const completions = group.completions.filter((completion) => completion.text.toLowerCase().includes(wanted));
    return completions.length > 0 ? [{ ...group, completions }] : [];
  });
}

export function ordered(completions: readonly DashboardCompletion[], order: CompletionOrder): DashboardCompletion[] {
  const reward = ({ reward: value }: DashboardCompletion) => value ?? Number.NEGATIVE_INFINITY;
  const by: Readonly<Record<CompletionOrder, (a: DashboardCompletion, b: DashboardCompletion) => number>> = {
    sampled: () => 0,
    shortest: (a, b) => a.tokens - b.tokens,
    longest: (a, b) => b.tokens - a.tokens,
    best: (a, b) => compare(reward(b), reward(a)),
    worst: (a, b) => compare(reward(a), reward(b)),
  };
  return [...completions].sort((a, b) => by[order](a, b) || a.index - b.index);
}

/** Unlike a difference, right for −∞ (invalid) on both sides. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Nothing is asked for: every group passes. */
export function isEmpty(filter: DashboardFilter): boolean {
  return Object.values(filter).every((value) => value === undefined || value === '');
}
