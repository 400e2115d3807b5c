// Advantages of a step's completions from their summed rewards R, in float64 (METHOD.md, "Advantages"):
// group as TRL's GRPO (sample std, +1e-4), none as Dr. GRPO (arXiv 2503.20783), batch scaled by the step's std.
// Invalid completions are null and leave the mean and the std.

export type AdvantageScaling = 'group' | 'none' | 'batch';

const STD_EPSILON = 1e-4;
/** Rewards that differ by less than rounding in a weighted sum are equal. */
const ROUNDING = 1e-12;

/**
 * @param rewards R per [group][completion]; null: invalid
 * @returns A per [group][completion]; null where the reward is. 0, never NaN, for a single completion or equal rewards
 */
export function stepAdvantages(
  rewards: readonly (readonly (number | null)[])[],
  scaling: AdvantageScaling,
): (number | null)[][] {
  const scale = scaling === 'batch' ? sampleStd(rewards.flatMap(validValues)) + STD_EPSILON : undefined;
  return rewards.map((group) => {
    const valid = validValues(group);
    if (allEqual(valid)) return group.map((reward) => (reward === null ? null : 0));
    const mean = meanOf(valid);
    const divisor = scaling === 'none' ? 1 : (scale ?? sampleStd(valid) + STD_EPSILON);
    return group.map((reward) => (reward === null ? null : (reward - mean) / divisor));
  });
}

/** Without the completions whose reward failed (null). */
export function validValues(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** Whether all values are the same up to float64 rounding; true for none or one. */
export function allEqual(values: readonly number[]): boolean {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return values.length < 2 || high - low <= ROUNDING * Math.max(1, Math.abs(low), Math.abs(high));
}

/** Mean of values; NaN for none. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Standard deviation with n − 1; exactly 0 for equal values and for fewer than two. */
export function sampleStd(values: readonly number[]): number {
  if (allEqual(values)) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
