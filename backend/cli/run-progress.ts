// Where a run stands, folded from its events: what the live table and the line a step show.
import { type EventData, fromLoggedNumber, type RunEvent, type RunState } from '../protocol/events';
import type { RunConfig } from '../protocol/run-config';

export interface RunProgress {
  readonly state: RunState;
  readonly stateReason: string | undefined;
  /** Last step with metrics. */
  readonly step: number;
  /** Share of the budget used, [0, 1]. */
  readonly progress: number;
  /** Training time used. */
  readonly elapsedMs: number;
  /** Newest value of each metric. */
  readonly values: ReadonlyMap<string, number>;
  /** `reward` of each step shown so far, oldest first. */
  readonly rewards: readonly number[];
  readonly evaluation: EventData<'evaluation'> | undefined;
  readonly probe: EventData<'probe'> | undefined;
  /** What the trainer is doing right now. */
  readonly activity: EventData<'phase'> | undefined;
  readonly trainingPhase: EventData<'metrics'>['phase'] | undefined;
  readonly alarm: EventData<'alarm'> | undefined;
}

export const noProgress: RunProgress = {
  state: 'preparing',
  stateReason: undefined,
  step: 0,
  progress: 0,
  elapsedMs: 0,
  values: new Map(),
  rewards: [],
  evaluation: undefined,
  probe: undefined,
  activity: undefined,
  trainingPhase: undefined,
  alarm: undefined,
};

/** Rewards kept for the small curve. */
const curveSteps = 400;

/** The progress after one more event. */
export function advance(progress: RunProgress, event: RunEvent): RunProgress {
  switch (event.type) {
    case 'state':
      return { ...progress, state: event.data.state, stateReason: event.data.reason };
    case 'interrupted':
      return { ...progress, state: 'interrupted', stateReason: event.data.reason };
    case 'phase':
      return { ...progress, activity: event.data };
    case 'metrics': {
      const values = new Map(Object.entries(event.data.values).map(([name, value]) => [name, fromLoggedNumber(value)]));
      const reward = values.get('reward');
      return {
        ...progress,
        step: event.data.step,
        progress: event.data.progress,
        elapsedMs: event.data.elapsedMs,
        trainingPhase: event.data.phase,
        values,
        rewards: reward === undefined ? progress.rewards : [...progress.rewards, reward].slice(-curveSteps),
      };
    }
    case 'evaluation':
      return { ...progress, evaluation: event.data };
    case 'probe':
      return { ...progress, probe: event.data };
    case 'alarm':
      return { ...progress, alarm: event.data };
    case 'alarmOver':
      return progress.alarm?.kind === event.data.kind ? { ...progress, alarm: undefined } : progress;
    case 'resumed':
      return {
        ...progress,
        state: 'preparing',
        step: event.data.fromStep,
        rewards: progress.rewards.slice(0, event.data.fromStep),
        alarm: undefined,
      };
    default:
      return progress;
  }
}

/** Milliseconds left by the budget's progress; undefined before anything can be said. */
export function timeLeftMs({ progress, elapsedMs }: RunProgress): number | undefined {
  return progress > 0 && elapsedMs > 0 ? (elapsedMs * (1 - Math.min(1, progress))) / progress : undefined;
}

/** `90/200`, or just `90` when no number of steps is the limit. */
export function stepText(progress: RunProgress, budget: RunConfig['budget']): string {
  return budget.steps === undefined ? String(progress.step) : `${progress.step}/${budget.steps}`;
}

/** The held-out figures of an evaluation, pass@k in ascending k, then greedy. */
export function evaluationParts({ values }: EventData<'evaluation'>): { name: string; share: number }[] {
  const passAt = Object.keys(values)
    .filter((name) => name.startsWith('eval/pass@'))
    .sort((a, b) => Number(a.slice(10)) - Number(b.slice(10)));
  return [...passAt, 'eval/greedy'].flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [{ name: name.slice(5), share: fromLoggedNumber(value) }];
  });
}
