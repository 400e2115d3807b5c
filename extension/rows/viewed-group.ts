// A sampled group as the paged view shows it: texts cut to what a person reads there. Pure.
import type { SampledGroup } from '../../backend/protocol/messages';
import type { ViewedGroup } from '../../backend/protocol/rows-view';
import { outcomeLine, type RowOutcome } from '../inline/outcome-text';

const mostCharacters = 5000;

export function viewedGroup(outcome: RowOutcome, { group, completions }: SampledGroup): ViewedGroup {
  return {
    step: group.step,
    group: group.group,
    decision: group.decision.kind,
    reason: group.decision.reason,
    outcome: outcomeLine(outcome),
    demonstrations: group.demonstrations.length,
    completions: completions.map(({ index, text, reward, success }) => ({
      index,
      text: text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text,
      reward,
      success,
    })),
  };
}
