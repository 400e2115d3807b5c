// Learning-rate and λ schedules over the budget: progress is used/limit, whichever budget runs.

export type ScheduleShape = 'constant' | 'linear' | 'cosine';

/** The factor of a schedule at `progress` in [0, 1]: from 1 at the start to 0 at the end unless constant. */
export function decayFactor(shape: ScheduleShape, progress: number): number {
  const done = Math.min(1, Math.max(0, progress));
  switch (shape) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - done;
    case 'cosine':
      return 0.5 * (1 + Math.cos(Math.PI * done));
  }
}

/**
 * The learning rate of a step: a linear rise over the first `warmupSteps` times the decay over the budget.
 * @param step counts from 1
 * @param progress share of the budget used before the step
 */
export function learningRateAt(
  settings: { readonly learningRate: number; readonly schedule: ScheduleShape; readonly warmupSteps: number },
  step: number,
  progress: number,
): number {
  const warmup = settings.warmupSteps > 0 ? Math.min(1, step / settings.warmupSteps) : 1;
  return settings.learningRate * warmup * decayFactor(settings.schedule, progress);
}
