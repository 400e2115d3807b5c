// Stored groups as tests of the editor's parts need them.
import type { SampledGroup } from '../../../backend/protocol/messages';
import type { RewardOutcome, SampleCompletion } from '../../../backend/protocol/sample';

/** A group whose completions got these outcomes from the reward `solved`; a number stands for a value. */
export function storedGroup(step: number, group: number, outcomes: readonly (number | RewardOutcome)[]): SampledGroup {
  return {
    group: {
      kind: 'group',
      step,
      group,
      attempt: 0,
      promptId: `p${group}`,
      occurrence: 0,
      source: { file: '/w/train.jsonl', row: group, rowHash: `h${group}` },
      prompt: `prompt ${group}`,
      question: `question ${group}`,
      answer: 7,
      columns: { answer: 7 },
      demonstrations: ['a trace'],
      decision: {
        kind: 'pg',
        reason: 'Some are solved.',
        passRate: 0.5,
        successes: 1,
        valid: 2,
        k: outcomes.length,
        solved: 'some',
        noSignal: false,
        maskedByShaping: false,
        missingDemonstration: false,
      },
    },
    completions: outcomes.map((outcome, index) => storedCompletion(step, group, index, outcome)),
  };
}

function storedCompletion(
  step: number,
  group: number,
  index: number,
  outcome: number | RewardOutcome,
): SampleCompletion {
  const said = typeof outcome === 'number' ? { value: outcome, ms: 2 } : outcome;
  return {
    ...{ kind: 'completion', step, group, index, text: `text ${index}`, tokenIds: [1, 2] },
    rewards: { solved: said },
    reward: 'value' in said && typeof said.value === 'number' ? said.value : null,
    ...{ correctness: null, success: false, advantage: null, stopReason: 'eos', truncated: false },
  };
}
