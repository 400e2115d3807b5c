// The one rule of success (METHOD.md, "Words"): used by the switch, the pass rates and every evaluation.

/** Two reward sums closer than this are the same reward; success must clear the bar by more. */
export const REWARD_TOLERANCE = 1e-8;

/** Whether a completion succeeds, by its correctness c (or by R where the gate is told to read it). */
export function isSuccess(correctness: number, successAbove: number): boolean {
  return correctness > successAbove + REWARD_TOLERANCE;
}
