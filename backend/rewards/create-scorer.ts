// A run's scorer: built-in components are scored in this process, user functions in the reward hosts.
import { SuperRlError } from '../protocol/errors';
import type { RewardConfig } from '../protocol/run-config';
import type { RewardOutcome } from '../protocol/sample';
import { makeBuiltIn } from './built-in/built-in-rewards';
import type { RewardSample, Scorer } from './scorer';

export interface ScorerOptions {
  readonly rewards: readonly RewardConfig[];
  /** Folder that reward files are relative to: that of the run file. */
  readonly baseFolder: string;
}

/** One component's scoring of a batch; never throws for what a reward function does. */
type ScoreBatch = (samples: readonly RewardSample[]) => Promise<RewardOutcome[]>;

/** Throws SuperRlError(config | reward) when a component can't be loaded. */
export async function createScorer(options: ScorerOptions): Promise<Scorer> {
  const batches = options.rewards.map((reward): ScoreBatch => {
    if (reward.use === undefined)
      throw new SuperRlError('unsupported', `Reward "${reward.name}": user functions come in the next commit.`);
    const scoreSample = makeBuiltIn(reward.name, reward.use, reward.options, reward.timeoutMs);
    return async (samples) => samples.map(scoreSample);
  });
  return {
    components: options.rewards.map(({ name, weight, role }) => ({ name, weight, role })),
    async score(samples) {
      const byComponent = await Promise.all(batches.map((score) => score(samples)));
      return samples.map((_, index) => byComponent.map((outcomes) => outcomes[index] as RewardOutcome));
    },
    close: async () => {},
  };
}
