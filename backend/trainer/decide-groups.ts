// The Adaptive Switch over a step's groups, with the posterior of each prompt kept in the trainer's state.
import { decideGroup, posteriorAfter, type SwitchGroup } from '../method/adaptive-switch';
import { stepAdvantages } from '../method/advantages';
import type { Decision } from '../protocol/decision';
import type { Run } from './run';
import type { ScoredGroup } from './score-groups';

export interface DecidedGroup extends ScoredGroup {
  readonly decision: Decision;
}

/** Decides every group by itself: neither its place nor its batch matters. */
export function decideGroups(run: Run, groups: readonly ScoredGroup[]): DecidedGroup[] {
  const { config, state } = run;
  const rules = {
    phase: state.phase === 'hybrid' ? ('hybrid' as const) : ('rl' as const),
    switch: config.switch,
    mix: config.hybrid.mix,
  };
  return groups.map((group) => {
    const { id } = group.prompt.row;
    const [advantages = []] = stepAdvantages([rewardsOf(group)], config.advantage);
    const seen: SwitchGroup = {
      completions: group.completions,
      advantages,
      demonstrations: group.prompt.demonstrations.length,
      posterior: Object.hasOwn(state.posterior, id) ? state.posterior[id] : undefined,
    };
    const decision = decideGroup(seen, rules);
    if (config.switch.signal === 'posterior') state.posterior[id] = posteriorAfter(seen, config.switch);
    return { ...group, decision };
  });
}

/** R of each completion; null: invalid. */
export function rewardsOf(group: ScoredGroup): (number | null)[] {
  return group.completions.map(({ reward }) => reward);
}

/** `filter`: a group without gradient signal as it is logged, left out of the update. */
export function dropWithoutSignal(group: DecidedGroup): DecidedGroup {
  if (!group.decision.noSignal) return group;
  const reason = `${group.decision.reason} Dropped by the filter.`;
  return { ...group, decision: { ...group.decision, kind: 'skip', reason } };
}
