// The budget of a run and how much of it is used. Arms of a comparison get equal budget.tokens, which
// counts what costs compute: a trained token about three times a generated one (forward and backward).

export interface TokenCounts {
  /** Prompt tokens the decoder read, once a group. */
  readonly prefilled: number;
  /** Completion tokens sampled, resampled ones included. */
  readonly generated: number;
  /** Prompt + completion and prompt + demonstration tokens of all rows trained on. */
  readonly trained: number;
}

export interface Budget {
  readonly steps?: number | undefined;
  readonly minutes?: number | undefined;
  readonly tokens?: number | undefined;
}

export interface BudgetUse {
  readonly steps: number;
  readonly elapsedMs: number;
  readonly tokens: number;
}

/** budget.tokens used: prefilled + generated + 3 × trained. */
export function budgetTokens({ prefilled, generated, trained }: TokenCounts): number {
  return prefilled + generated + 3 * trained;
}

/** Share of the budget used, in [0, 1], by the limit that is nearest; 1 ends the run. */
export function budgetProgress(budget: Budget, used: BudgetUse): number {
  const shares = [
    budget.steps === undefined ? 0 : used.steps / budget.steps,
    budget.minutes === undefined ? 0 : used.elapsedMs / (60_000 * budget.minutes),
    budget.tokens === undefined ? 0 : used.tokens / budget.tokens,
  ];
  return Math.min(1, Math.max(...shares));
}
