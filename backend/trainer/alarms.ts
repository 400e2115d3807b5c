// Alarms: what a person should be told of while a run trains. One is told once an episode: it is over only when its
// cause has been away for `quietSteps` steps in a row, so that a measure that swings about its limit doesn't tell it
// again and again. The counters live in the trainer's state, so a resumed run tells the same.
import type { AlarmKind, EventData } from '../protocol/events';
import type { TrainerState } from './trainer-state';

/** Steps in a row without any gradient signal before zeroSignal. */
export const zeroSignalSteps = 20;
/** Steps in a row with a non-finite update before the run gives up. */
export const nonFiniteLimit = 3;
/** Steps in a row without its cause after which an alarm is over. */
export const quietSteps = 50;
/** Steps in a row with collapsed entropy before entropyCollapse: a few completions alike are no collapse. */
export const collapsedSteps = 5;
/** The first steps, whose mean entropy is the yardstick for a collapse. */
const startSteps = 5;
const collapseShare = 0.05;
const solvedEnough = 0.9;
const maskedShare = 0.5;
/** So many completions that repeat their trace, none of which succeeds, in so many steps in a row: no accident. */
const repeatedEnough = 4;
const repeatedShare = 0.05;
export const unrewardedSteps = 3;

/** What a step tells the alarms. */
export interface StepFacts {
  readonly step: number;
  readonly phase: TrainerState['phase'];
  readonly groups: number;
  readonly completions: number;
  readonly truncated: number;
  /** Groups with a gradient: sft, mix, or pg with a non-zero advantage. */
  readonly withSignal: number;
  readonly maskedByShaping: number;
  /** Validly rewarded completions that are a demonstration of their prompt token by token; those that succeed. */
  readonly repeatedTraces: { readonly completions: number; readonly successes: number };
  /** Share of valid completions that succeed; NaN when there are none. */
  readonly successShare: number;
  /** Token mean of the sampled completions (nats); NaN when there are none. */
  readonly entropy: number;
  readonly finite: boolean;
  readonly logSigma: { readonly pg: number; readonly sft: number; readonly floor: number } | undefined;
}

type Alarm = EventData<'alarm'>;

/** What changed in a step: alarms to tell, and alarms that are over. */
export interface AlarmChanges {
  readonly told: readonly Alarm[];
  readonly over: readonly EventData<'alarmOver'>[];
}

/** What an alarm watches, as it is in one step. */
interface Cause {
  readonly kind: AlarmKind;
  readonly holds: boolean;
  /** Steps in a row that it has to hold; default 1. */
  readonly forSteps?: number;
  readonly message: () => string;
  readonly advice: string;
}

/** The alarms to tell after a step and those that are over; updates the counters in `alarms`. */
export function stepAlarms(alarms: TrainerState['alarms'], facts: StepFacts): AlarmChanges {
  alarms.nonFiniteSteps = facts.finite ? 0 : alarms.nonFiniteSteps + 1;
  const causes = [...updateCauses(facts)];
  if (facts.phase !== 'sft') {
    alarms.zeroSignalSteps = facts.withSignal === 0 ? alarms.zeroSignalSteps + 1 : 0;
    causes.push(...samplingCauses(alarms, facts));
  }
  const told: Alarm[] = [];
  const over: EventData<'alarmOver'>[] = [];
  for (const { kind, holds, forSteps = 1, message, advice } of causes) {
    const raised = alarms.raised.includes(kind);
    const turned = holds === raised ? 0 : (alarms.turned[kind] ?? 0) + 1;
    alarms.turned[kind] = turned;
    if (turned < (raised ? quietSteps : forSteps)) continue;
    alarms.turned[kind] = 0;
    if (raised) {
      alarms.raised.splice(alarms.raised.indexOf(kind), 1);
      over.push({
        step: facts.step,
        kind,
        message: `The alarm ${kind} is over: no sign of it for ${quietSteps} steps.`,
      });
    } else {
      alarms.raised.push(kind);
      told.push({ step: facts.step, kind, message: message(), advice });
    }
  }
  return { told, over };
}

/** Causes in the update, of any phase. */
function updateCauses({ finite, logSigma }: StepFacts): Cause[] {
  const nonFinite: Cause = {
    kind: 'nonFinite',
    holds: !finite,
    message: () =>
      'The loss or its gradient was NaN or infinite. The update was left out; the weights are those before it.',
    advice: `Lower update.learningRate, or set update.clipNorm. After ${nonFiniteLimit} such steps in a row the run ends.`,
  };
  if (!logSigma) return [nonFinite];
  const { pg, sft, floor } = logSigma;
  const atFloor: Cause = {
    kind: 'sigmaAtFloor',
    holds: pg <= floor || sft <= floor,
    message: () =>
      `log-sigma has fallen to its floor ${floor} (s_pg ${pg.toFixed(2)}, s_sft ${sft.toFixed(2)}). This mix is ill posed: ` +
      'where L_PG is at most 0, as in every on-policy grpo step, lowering s_pg always lowers the loss, whatever the data say.',
    advice:
      'The weights no longer mean anything. Use hybrid.mix gated or fixed; log-sigma is here as the ablation of the paper’s first version.',
  };
  return [nonFinite, atFloor];
}

/** Causes in what was sampled; there is nothing sampled in an SFT phase. */
function samplingCauses(alarms: TrainerState['alarms'], facts: StepFacts): Cause[] {
  const causes: Cause[] = [
    {
      kind: 'allTruncated',
      holds: facts.completions > 0 && facts.truncated === facts.completions,
      message: () => `All ${facts.completions} completions were cut off at rollout.maxNewTokens.`,
      advice: 'Raise rollout.maxNewTokens, or check rollout.stop and that demonstrations end as completions should.',
    },
    {
      kind: 'zeroSignal',
      holds: alarms.zeroSignalSteps >= zeroSignalSteps,
      message: () =>
        `No group has given a gradient for ${alarms.zeroSignalSteps} steps: all rewards within each group are equal.`,
      advice:
        facts.successShare > solvedEnough
          ? 'The prompts are solved: use harder ones, or end the run.'
          : 'Nothing is rewarded: give traces and the method superrl, easier prompts, or a larger rollout.k.',
    },
    {
      kind: 'formatMasksFailure',
      holds: facts.groups > 0 && facts.maskedByShaping / facts.groups >= maskedShare,
      message: () =>
        `${facts.maskedByShaping} of ${facts.groups} groups have no correct completion, yet their shaping rewards differ: ` +
        'the summed reward would have hidden that they fail.',
      advice: 'Keep switch.reads at correctness, and lower the weight of the shaping rewards.',
    },
    {
      kind: 'tracesUnrewarded',
      holds:
        facts.repeatedTraces.completions >= Math.max(repeatedEnough, repeatedShare * facts.completions) &&
        facts.repeatedTraces.successes === 0,
      forSteps: unrewardedSteps,
      message: () =>
        `${facts.repeatedTraces.completions} of ${facts.completions} completions say exactly what their trace says, ` +
        'and the reward counts none of them as a success.',
      advice:
        'The reward is wrong, or the traces are: debug the reward on a sample marked “same as the trace”, or audit the traces.',
    },
  ];
  if (Number.isFinite(facts.entropy)) causes.push(entropyCollapse(alarms.startEntropy, facts));
  return causes;
}

/** The first steps are the yardstick, and take part in `start`. */
function entropyCollapse(start: TrainerState['alarms']['startEntropy'], { entropy, successShare }: StepFacts): Cause {
  const mean = start.sum / start.steps;
  const holds = start.steps >= startSteps && entropy < collapseShare * mean && successShare < solvedEnough;
  if (start.steps < startSteps) {
    start.sum += entropy;
    start.steps++;
  }
  return {
    kind: 'entropyCollapse',
    holds,
    forSteps: collapsedSteps,
    message: () =>
      `The entropy of the completions has fallen from ${mean.toFixed(3)} to ${entropy.toFixed(4)} nats a token, ` +
      `while ${(100 * successShare).toFixed(0)} % of the completions succeed.`,
    advice:
      'Sampling no longer explores: lower the learning rate, raise rollout.temperature, or set loss.entropyCoefficient.',
  };
}

/** The alarm of a step with too many invalid rewards; the run pauses with it. */
export function invalidRewardsAlarm(step: number, invalid: number, total: number, firstReason: string): Alarm {
  return {
    step,
    kind: 'invalidRewards',
    message: `${invalid} of ${total} completions have no valid reward, more than maxInvalidShare allows. The first: ${ended(firstReason)}`,
    advice: 'The run is paused. Mend the reward and go on: it is loaded anew and these completions are scored again.',
  };
}

/** The end of that alarm: the step's completions were scored again. */
export function rewardsAreValid(step: number): EventData<'alarmOver'> {
  return { step, kind: 'invalidRewards', message: 'The rewards are valid again, and the run goes on.' };
}

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
