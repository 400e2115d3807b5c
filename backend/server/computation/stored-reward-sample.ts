// A stored completion as the input of a reward function: what the trainer gave it, without the dataset.
import type { SampledGroup } from '../../protocol/messages';
import type { SampleCompletion } from '../../protocol/sample';
import type { RewardSample } from '../../rewards/scorer';

export function storedRewardSample({ group, completions }: SampledGroup, completion: SampleCompletion): RewardSample {
  return {
    prompt: group.question,
    completion: completion.text,
    answer: group.answer,
    row: group.columns,
    group: { index: group.group, completion: completion.index, size: completions.length },
    tokenIds: completion.tokenIds,
  };
}
