// R and c of one completion from what its reward components said (METHOD.md, "Words" and rule 5): an invalid
// component makes the whole completion invalid, and null ("does not apply") contributes 0.
import { fromLoggedNumber } from '../protocol/events';
import type { RewardOutcome } from '../protocol/sample';

export interface RewardComponent {
  readonly name: string;
  readonly weight: number;
  readonly role: 'correctness' | 'shaping';
}

/** Both sums are numbers, or both are null and `invalidReason` says why. */
export type RewardSums =
  | { readonly reward: number; readonly correctness: number; readonly invalidReason?: undefined }
  | { readonly reward: null; readonly correctness: null; readonly invalidReason: string };

/**
 * The weighted sums R (all components) and c (correctness components), in float64.
 * @param outcomes by component name; a component without one makes the completion invalid
 */
export function sumRewards(
  components: readonly RewardComponent[],
  outcomes: Readonly<Record<string, RewardOutcome>>,
): RewardSums {
  let reward = 0;
  let correctness = 0;
  let correctnessApplies = false;
  for (const { name, weight, role } of components) {
    const outcome = Object.hasOwn(outcomes, name) ? outcomes[name] : undefined;
    if (!outcome) return invalid(`${name}: the reward was not computed.`);
    if ('invalid' in outcome) return invalid(`${name}: ${outcome.reason}`);
    if (outcome.value === null) continue;
    const value = fromLoggedNumber(outcome.value);
    if (!Number.isFinite(value)) return invalid(`${name}: the reward is ${value}.`);
    reward += weight * value;
    if (role === 'correctness') {
      correctness += weight * value;
      correctnessApplies = true;
    }
  }
  if (!correctnessApplies) return invalid('No correctness reward applies to this completion.');
  return { reward, correctness };
}

function invalid(invalidReason: string): RewardSums {
  return { reward: null, correctness: null, invalidReason };
}
