// One sample through a built-in reward as a run file would configure it.
import type { BuiltInRewardName } from '../../../../backend/protocol/run-config';
import type { RewardOutcome } from '../../../../backend/protocol/sample';
import { makeBuiltIn } from '../../../../backend/rewards/built-in/built-in-rewards';
import type { RewardSample } from '../../../../backend/rewards/scorer';

export function outcomeOf(
  name: BuiltInRewardName,
  options: object,
  completion: string,
  answer: unknown,
  more: Partial<RewardSample> = {},
): RewardOutcome {
  const sample = { prompt: '', completion, answer, row: {}, group: { index: 0, completion: 0, size: 1 }, tokenIds: [] };
  return makeBuiltIn('r', name, options, 1000)({ ...sample, ...more });
}

/** The value; the reason where the outcome is invalid. */
export function scoreOf(...parameters: Parameters<typeof outcomeOf>): number | string | null {
  const outcome = outcomeOf(...parameters);
  return 'invalid' in outcome ? outcome.reason : (outcome.value as number | null);
}
