// Alarms: what a person should be told of while a run trains. Each is told when its cause appears and once
// again only after the cause has gone. The counters live in the trainer's state, so a resumed run tells the same.
import type { AlarmKind, EventData } from '../protocol/events';
import type { TrainerState } from './trainer-state';

/** Steps in a row without any gradient signal before zeroSignal. */
export const zeroSignalSteps = 20;
/** Steps in a row with a non-finite update before the run gives up. */
export const nonFiniteLimit = 3;
/** The first steps, whose mean entropy is the yardstick for a collapse. */
const startSteps = 5;
const collapseShare = 0.05;
const solvedEnough = 0.9;
const maskedShare = 0.5;

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
  /** Share of valid completions that succeed; NaN when there are none. */
  readonly successShare: number;
  /** Token mean of the sampled completions (nats); NaN when there are none. */
  readonly entropy: number;
  readonly finite: boolean;
  readonly logSigma: { readonly pg: number; readonly sft: number; readonly floor: number } | undefined;
}

type Alarm = EventData<'alarm'>;

/** The alarms to tell after a step; updates the counters in `alarms`. */
export function stepAlarms(alarms: TrainerState['alarms'], facts: StepFacts): Alarm[] {
  const told: Alarm[] = [];
  const check = (kind: AlarmKind, holds: boolean, message: () => string, advice: string) => {
    const raised = alarms.raised.includes(kind);
    if (holds && !raised) {
      alarms.raised.push(kind);
      told.push({ step: facts.step, kind, message: message(), advice });
    } else if (!holds && raised) {
      alarms.raised.splice(alarms.raised.indexOf(kind), 1);
    }
  };

  alarms.nonFiniteSteps = facts.finite ? 0 : alarms.nonFiniteSteps + 1;
  check(
    'nonFinite',
    !facts.finite,
    () => 'The loss or its gradient was NaN or infinite. The update was left out; the weights are those before it.',
    `Lower update.learningRate, or set update.clipNorm. After ${nonFiniteLimit} such steps in a row the run ends.`,
  );
  if (facts.logSigma) {
    const { pg, sft, floor } = facts.logSigma;
    check(
      'sigmaAtFloor',
      pg <= floor || sft <= floor,
      () =>
        `log-sigma has fallen to its floor ${floor} (s_pg ${pg.toFixed(2)}, s_sft ${sft.toFixed(2)}). This mix is ill posed: ` +
        'where L_PG is at most 0, as in every on-policy grpo step, lowering s_pg always lowers the loss, whatever the data say.',
      'The weights no longer mean anything. Use hybrid.mix gated or fixed; log-sigma is here as the ablation of the paper’s first version.',
    );
  }
  if (facts.phase === 'sft') return told;

  check(
    'allTruncated',
    facts.completions > 0 && facts.truncated === facts.completions,
    () => `All ${facts.completions} completions were cut off at rollout.maxNewTokens.`,
    'Raise rollout.maxNewTokens, or check rollout.stop and that demonstrations end as completions should.',
  );
  alarms.zeroSignalSteps = facts.withSignal === 0 ? alarms.zeroSignalSteps + 1 : 0;
  check(
    'zeroSignal',
    alarms.zeroSignalSteps >= zeroSignalSteps,
    () => `No group has given a gradient for ${alarms.zeroSignalSteps} steps: all rewards within each group are equal.`,
    facts.successShare > solvedEnough
      ? 'The prompts are solved: use harder ones, or end the run.'
      : 'Nothing is rewarded: give traces and the method superrl, easier prompts, or a larger rollout.k.',
  );
  check(
    'formatMasksFailure',
    facts.groups > 0 && facts.maskedByShaping / facts.groups >= maskedShare,
    () =>
      `${facts.maskedByShaping} of ${facts.groups} groups have no correct completion, yet their shaping rewards differ: ` +
      'the summed reward would have hidden that they fail.',
    'Keep switch.reads at correctness, and lower the weight of the shaping rewards.',
  );
  if (Number.isFinite(facts.entropy)) {
    const start = alarms.startEntropy;
    const mean = start.sum / start.steps;
    check(
      'entropyCollapse',
      start.steps >= startSteps && facts.entropy < collapseShare * mean && facts.successShare < solvedEnough,
      () =>
        `The entropy of the completions has fallen from ${mean.toFixed(3)} to ${facts.entropy.toFixed(4)} nats a token, ` +
        `while ${(100 * facts.successShare).toFixed(0)} % of the completions succeed.`,
      'Sampling no longer explores: lower the learning rate, raise rollout.temperature, or set loss.entropyCoefficient.',
    );
    if (start.steps < startSteps) {
      start.sum += facts.entropy;
      start.steps++;
    }
  }
  return told;
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

function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
