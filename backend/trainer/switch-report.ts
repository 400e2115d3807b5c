// What the Adaptive Switch did in a run, told from its decisions: fallbacks an epoch, what followed an unsolved group
// when its prompt came again, and how many groups another K would have left unsolved. It answers what reviewers of the
// paper missed (METHOD: "Published reference points").
import { passAtK } from '../method/pass-at-k';
import type { Decision, DecisionKind, SolvedClass } from '../protocol/decision';
import type { EventData, RunEvent } from '../protocol/events';

export interface EpochDecisions {
  /** 0-based pass over the training data. */
  readonly epoch: number;
  readonly groups: number;
  readonly kinds: Readonly<Record<DecisionKind, number>>;
  readonly solved: Readonly<Record<SolvedClass, number>>;
  /** `pg` with all advantages zero. */
  readonly noSignal: number;
  readonly maskedByShaping: number;
}

/** Unsolved groups of one treatment, and the next group of the same prompt. */
export interface Aftermath {
  readonly unsolved: number;
  /** Of these, how many prompts came again in the run. */
  readonly seenAgain: number;
  /** Of these, how many then had a success. */
  readonly thenSolved: number;
}

/** One visit of a prompt. */
export interface Visit {
  readonly step: number;
  readonly group: number;
  readonly successes: number;
  readonly valid: number;
}

/** An unsolved group that learned from its trace, and the prompt's next visit, in which a completion succeeded. */
export interface Rescue {
  readonly promptId: string;
  readonly before: Visit;
  readonly after: Visit;
}

export interface SwitchReport {
  readonly steps: number;
  readonly groups: number;
  readonly usedTokens: number;
  readonly elapsedMs: number;
  readonly evaluation: EventData<'evaluation'> | undefined;
  readonly epochs: readonly EpochDecisions[];
  /** Unsolved groups that learned from their trace (`sft`, `mix`). */
  readonly afterTrace: Aftermath;
  /** Unsolved groups that did not (`pg`, `skip`). */
  readonly withoutTrace: Aftermath;
  /** By K' of 1, 2, 4, … up to K: expected share of groups with no success in K' of their valid completions. */
  readonly unsolvedAt: readonly { readonly k: number; readonly share: number }[];
  /** The rescues with the highest pass rate afterwards, best first. */
  readonly rescues: readonly Rescue[];
}

const mostRescues = 20;

/**
 * Folds the standing events of a run.
 * @param events in the order of the log, superseded ones left out
 */
export function switchReport(events: Iterable<RunEvent>): SwitchReport {
  const epochs = new Map<number, MutableEpoch>();
  const unsolvedBefore = new Map<string, { visit: Visit; taught: boolean }>();
  const afterTrace = { unsolved: 0, seenAgain: 0, thenSolved: 0 };
  const withoutTrace = { unsolved: 0, seenAgain: 0, thenSolved: 0 };
  const counts = new Map<string, { successes: number; valid: number; groups: number }>();
  let rescues: Rescue[] = [];
  let epoch = 0;
  let metrics: EventData<'metrics'> | undefined;
  let evaluation: EventData<'evaluation'> | undefined;
  for (const event of events) {
    if (event.type === 'metrics') {
      metrics = event.data;
      epoch = Math.floor(metrics.epoch);
    } else if (event.type === 'evaluation') {
      evaluation = event.data;
    } else if (event.type === 'decision') {
      const { promptId, step, group, decision } = event.data;
      const { successes, valid } = decision;
      count(epochs, epoch, decision);
      if (valid === 0) continue;
      countOutcome(counts, successes, valid);
      const visit = { step, group, successes, valid };
      const before = unsolvedBefore.get(promptId);
      if (before && before.visit.step < step) {
        const aftermath = before.taught ? afterTrace : withoutTrace;
        aftermath.seenAgain++;
        if (successes > 0) aftermath.thenSolved++;
        if (before.taught && successes > 0) rescues.push({ promptId, before: before.visit, after: visit });
        if (rescues.length >= 4 * mostRescues) rescues = best(rescues);
        unsolvedBefore.delete(promptId);
      }
      if (successes > 0) continue;
      const taught = decision.kind === 'sft' || decision.kind === 'mix';
      (taught ? afterTrace : withoutTrace).unsolved++;
      unsolvedBefore.set(promptId, { visit, taught });
    }
  }
  return {
    steps: metrics?.step ?? 0,
    groups: [...epochs.values()].reduce((sum, { groups }) => sum + groups, 0),
    usedTokens: metrics?.usedTokens ?? 0,
    elapsedMs: metrics?.elapsedMs ?? 0,
    evaluation,
    epochs: [...epochs.values()],
    afterTrace,
    withoutTrace,
    unsolvedAt: unsolvedAt([...counts.values()]),
    rescues: best(rescues),
  };
}

interface MutableEpoch {
  epoch: number;
  groups: number;
  kinds: Record<DecisionKind, number>;
  solved: Record<SolvedClass, number>;
  noSignal: number;
  maskedByShaping: number;
}

function count(epochs: Map<number, MutableEpoch>, epoch: number, decision: Decision): void {
  const known = epochs.get(epoch);
  const counted = known ?? {
    epoch,
    groups: 0,
    kinds: { pg: 0, sft: 0, mix: 0, skip: 0 },
    solved: { none: 0, some: 0, all: 0 },
    noSignal: 0,
    maskedByShaping: 0,
  };
  if (!known) epochs.set(epoch, counted);
  counted.groups++;
  counted.kinds[decision.kind]++;
  counted.solved[decision.solved]++;
  if (decision.noSignal) counted.noSignal++;
  if (decision.maskedByShaping) counted.maskedByShaping++;
}

type OutcomeCount = { successes: number; valid: number; groups: number };

/** Groups with equal outcomes count together: there are at most K² of them, and a run may have a million groups. */
function countOutcome(counts: Map<string, OutcomeCount>, successes: number, valid: number): void {
  const key = `${successes}/${valid}`;
  const known = counts.get(key);
  if (known) known.groups++;
  else counts.set(key, { successes, valid, groups: 1 });
}

function unsolvedAt(counts: readonly OutcomeCount[]): SwitchReport['unsolvedAt'] {
  const mostValid = counts.reduce((most, { valid }) => Math.max(most, valid), 0);
  const sizes: number[] = [];
  for (let k = 1; k <= mostValid; k *= 2) sizes.push(k);
  return sizes.map((k) => {
    const usable = counts.filter(({ valid }) => valid >= k);
    const groups = usable.reduce((sum, outcome) => sum + outcome.groups, 0);
    const unsolved = usable.reduce(
      (sum, { successes, valid, groups: equal }) => sum + equal * (1 - passAtK(valid, successes, k)),
      0,
    );
    return { k, share: unsolved / groups };
  });
}

function best(rescues: readonly Rescue[]): Rescue[] {
  return [...rescues]
    .sort((a, b) => passRate(b.after) - passRate(a.after) || a.before.step - b.before.step)
    .slice(0, mostRescues);
}

function passRate({ successes, valid }: Visit): number {
  return successes / valid;
}
