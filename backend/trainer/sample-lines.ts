// A step's groups and completions as the lines of its sample file.
import { isSuccess } from '../method/success';
import type { Decision } from '../protocol/decision';
import type { SampleLine } from '../protocol/sample';
import type { Rollout } from './rollout';
import type { ScoredCompletion } from './score-groups';

export interface LoggedGroup extends Omit<Rollout, 'completions'> {
  readonly completions: readonly ScoredCompletion[];
  readonly decision: Decision;
}

/** @param advantages A of each completion; null: invalid */
export function sampleLines(
  step: number,
  group: LoggedGroup,
  advantages: readonly (number | null)[],
  successAbove: number,
): SampleLine[] {
  const { row, text, occurrence } = group.prompt;
  const head: SampleLine = {
    kind: 'group',
    step,
    group: group.index,
    attempt: group.attempt,
    promptId: row.id,
    occurrence,
    source: row.source,
    prompt: text,
    question: row.prompt,
    answer: row.answer,
    columns: { ...row.columns },
    demonstrations: [...row.demonstrations],
    decision: group.decision,
  };
  const completions = group.completions.map(
    (completion, index): SampleLine => ({
      kind: 'completion',
      step,
      group: group.index,
      index,
      text: completion.text,
      tokenIds: [...completion.tokenIds],
      rewards: { ...completion.outcomes },
      reward: completion.reward,
      correctness: completion.correctness,
      success: completion.correctness !== null && isSuccess(completion.correctness, successAbove),
      advantage: advantages[index] ?? null,
      stopReason: completion.stopReason,
      truncated: completion.truncated,
    }),
  );
  return [head, ...completions];
}
