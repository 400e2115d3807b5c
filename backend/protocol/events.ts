// The lines of a run's events.jsonl, which is also what the socket carries: the one truth about a run.
// Non-finite numbers travel as the strings NaN, Infinity, -Infinity, since JSON would make them null.
import { z } from 'zod';
import { decisionSchema } from './decision';

export const loggedNumber = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
export type LoggedNumber = z.infer<typeof loggedNumber>;

export const runStates = ['preparing', 'running', 'paused', 'stopping', 'finished', 'failed', 'interrupted'] as const;
export type RunState = (typeof runStates)[number];

export const alarmKinds = [
  'nonFinite',
  'allTruncated',
  'zeroSignal',
  'entropyCollapse',
  'formatMasksFailure',
  'tracesUnrewarded',
  'invalidRewards',
  'sigmaAtFloor',
] as const;
export type AlarmKind = (typeof alarmKinds)[number];

const counted = { step: z.int() };

/** data of each event type. `step` counts from 1; step 0 is before the first update. */
export const eventData = {
  state: z.object({ state: z.enum(runStates), step: z.int(), reason: z.string().optional() }),
  /** Where the backend is within the start-up or a step, for progress displays: not stored beyond this line. */
  phase: z.object({
    ...counted,
    phase: z.enum(['load', 'probe', 'generate', 'reward', 'update', 'eval', 'checkpoint']),
    message: z.string(),
  }),
  note: z.object({ ...counted, level: z.enum(['info', 'warning']), message: z.string() }),
  metrics: z.object({
    ...counted,
    values: z.record(z.string(), loggedNumber),
    /** budget used, and progress in [0,1] by whichever limit is nearest. */
    usedTokens: z.int(),
    elapsedMs: z.number(),
    progress: z.number(),
    epoch: z.number(),
    phase: z.enum(['rl', 'sft', 'hybrid']),
  }),
  decision: z.object({ ...counted, group: z.int(), promptId: z.string(), attempt: z.int(), decision: decisionSchema }),
  probe: z.object({
    ...counted,
    prompts: z.int(),
    solved: z.int(),
    upperBound: z.number(),
    sparseBelow: z.number(),
    sparse: z.boolean(),
    reason: z.string(),
  }),
  evaluation: z.object({
    ...counted,
    values: z.record(z.string(), loggedNumber),
    /** 95 % bootstrap interval over prompts, per value. */
    intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
    prompts: z.int(),
    samples: z.int(),
    elapsedMs: z.number(),
  }),
  checkpoint: z.object({ ...counted, path: z.string(), best: z.boolean(), bytes: z.int() }),
  emptyStep: z.object({ ...counted, reason: z.string() }),
  alarm: z.object({ ...counted, kind: z.enum(alarmKinds), message: z.string(), advice: z.string() }),
  /** The cause of an alarm told before has been away for long enough. */
  alarmOver: z.object({ ...counted, kind: z.enum(alarmKinds), message: z.string() }),
  error: z.object({ ...counted, code: z.string(), message: z.string(), stack: z.string().optional() }),
  interrupted: z.object({ ...counted, reason: z.string() }),
  resumed: z.object({ fromStep: z.int() }),
} as const;
export type EventType = keyof typeof eventData;
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>;

/** One line of events.jsonl. seq counts from 1 without a gap; ts is milliseconds since the epoch. */
export type RunEvent = { [T in EventType]: { seq: number; ts: number; type: T; data: EventData<T> } }[EventType];

const line = <T extends EventType>(type: T) =>
  z.object({ seq: z.int().positive(), ts: z.number(), type: z.literal(type), data: eventData[type] });
const [first, ...rest] = (Object.keys(eventData) as EventType[]).map((type) => line(type));
if (!first) throw new Error('no event types');
export const runEventSchema = z.discriminatedUnion('type', [first, ...rest]) as unknown as z.ZodType<RunEvent>;

/** A number as it stands in a log line. */
export function toLoggedNumber(value: number): LoggedNumber {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/** The number a log line means. */
export function fromLoggedNumber(value: LoggedNumber): number {
  return Number(value);
}
