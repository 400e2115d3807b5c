// A stored completion as the input of a reward function: what the trainer gave it, without the dataset; and where the
// function runs.
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RewardSample } from '../../rewards/scorer';
import { readRunRecord } from '../../trainer/run-folder/run-json';
import type { StoredCompletion, StoredGroup } from './rescore-batches';

export function storedRewardSample({ group, completions }: StoredGroup, completion: StoredCompletion): RewardSample {
  return {
    prompt: group.question,
    completion: completion.text,
    answer: group.answer,
    row: group.columns,
    group: { index: group.group, completion: completion.index, size: completions.length },
    tokenIds: completion.tokenIds,
  };
}

/** As in training, the folder of the run file, if it is still there. */
export function workingFolder(run: string, rewardFile: string): string {
  const folder = dirname(readRunRecord(run).runFile);
  return existsSync(folder) ? folder : dirname(rewardFile);
}
