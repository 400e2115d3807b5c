// The metrics of a step, by the names of TRL's GRPO trainer and, beside them, ours (METHOD.md, "Metrics").
// A metric that has nothing to say in a step (no completions, no reference) is left out; NaN means NaN.
import { allEqual, meanOf, sampleStd, validValues } from '../method/advantages';
import { logSigmaPenalty, logSigmaWeights } from '../method/log-sigma';
import { isSuccess } from '../method/success';
import { type DecisionKind, decisionKinds, solvedClasses } from '../protocol/decision';
import { fromLoggedNumber } from '../protocol/events';
import type { StepFacts } from './alarms';
import type { Learned } from './learn';
import { type Run, workingTime } from './run';
import type { LoggedGroup } from './sample-lines';

/** What a step tells the loop. */
export interface StepReport {
  readonly values: Readonly<Record<string, number>>;
  /** Added to the counts of the whole run. */
  readonly counts: Readonly<Record<string, number>>;
  readonly facts: StepFacts;
  /** Why there was no optimiser call, if so. */
  readonly emptyReason?: string | undefined;
}

export interface StepTimes {
  readonly generate: number;
  readonly reward: number;
  readonly update: number;
  readonly step: number;
}

/** Steps shorter than this don't tell their phases: the line would cost more than it says. */
const tellPhasesFromMs = 1000;

/** Measures the parts of a step in milliseconds, without pauses, and tells them as phases where steps are slow. */
export class StepClock {
  readonly #run: Run;
  readonly #step: number;
  readonly #started: number;
  readonly #spent = { generate: 0, reward: 0, update: 0 };

  constructor(run: Run, step: number) {
    this.#run = run;
    this.#step = step;
    this.#started = workingTime(this.#run);
  }

  async time<T>(part: 'generate' | 'reward' | 'update', work: () => Promise<T>): Promise<T> {
    if ((this.#run.lastStepMs ?? tellPhasesFromMs) >= tellPhasesFromMs) {
      await this.#run.ledger.append('phase', { step: this.#step, phase: part, message: phaseMessages[part] });
    }
    const started = workingTime(this.#run);
    const result = await work();
    this.#spent[part] += workingTime(this.#run) - started;
    return result;
  }

  get times(): StepTimes {
    return { ...this.#spent, step: workingTime(this.#run) - this.#started };
  }
}

const phaseMessages = {
  generate: 'Sampling completions',
  reward: 'Scoring completions',
  update: 'Updating the weights',
} as const;

/** @param generatedTokens of this step, dropped groups included */
export function stepReport(
  run: Run,
  step: number,
  groups: readonly LoggedGroup[],
  learned: Learned,
  times: StepTimes,
  generatedTokens: number,
): StepReport {
  const decisions = countDecisions(groups);
  const completions = groups.flatMap((group) => group.completions);
  const sequenceTokens = groups.reduce((sum, { prompt, completions: of }) => {
    return sum + of.reduce((tokens, { tokenIds }) => tokens + prompt.ids.length + tokenIds.length, 0);
  }, 0);
  const truncated = completions.filter((completion) => completion.truncated).length;
  const invalid = completions.filter(({ reward }) => reward === null).length;
  const correct = completions.flatMap(({ correctness }) => (correctness === null ? [] : [correctness]));
  const successes = correct.filter((value) => isSuccess(value, run.config.switch.successAbove)).length;
  const entropy = entropyMean(completions);
  return {
    values: {
      ...rewardMetrics(run, groups),
      ...lengthMetrics(completions, truncated),
      ...known({ entropy }),
      ...updateMetrics(run, learned),
      ...decisionMetrics(groups.length, decisions),
      ...(completions.length > 0 && { 'rewards/invalid_frac': invalid / completions.length }),
      num_tokens: (run.state.counts.sequence_tokens ?? 0) + sequenceTokens,
      step_time: times.step / 1000,
      'time/generate': times.generate / 1000,
      'time/reward': times.reward / 1000,
      'time/update': times.update / 1000,
      ...rate('tokens_per_second/generate', generatedTokens, times.generate),
      ...rate('tokens_per_second/train', learned.trainedTokens, times.update),
    },
    counts: {
      groups: groups.length,
      completions: completions.length,
      ...decisions,
      truncated,
      invalid,
      successes,
      sequence_tokens: sequenceTokens,
      updates: learned.updated && learned.finite ? 1 : 0,
    },
    facts: {
      step,
      phase: run.state.phase,
      groups: groups.length,
      completions: completions.length,
      truncated,
      withSignal: decisions.pg + decisions.sft + decisions.mix - decisions.noSignal,
      maskedByShaping: decisions.maskedByShaping,
      repeatedTraces: repeatedTraces(groups, run.config.switch.successAbove),
      successShare: successes / correct.length,
      entropy,
      finite: learned.finite,
      logSigma: run.state.logSigma ? { ...run.state.logSigma, floor: run.config.hybrid.sigmaFloor } : undefined,
    },
    ...(!learned.updated && { emptyReason: emptyReason(groups) }),
  };
}

type DecisionCounts = Record<DecisionKind | 'noSignal' | 'maskedByShaping' | 'missingDemonstration', number> &
  Record<'solved_none' | 'solved_some' | 'solved_all', number>;

function countDecisions(groups: readonly LoggedGroup[]): DecisionCounts {
  const count = (is: (group: LoggedGroup) => boolean) => groups.filter(is).length;
  const [pg, sft, mix, skip] = decisionKinds.map((kind) => count(({ decision }) => decision.kind === kind));
  const [none, some, all] = solvedClasses.map((solved) =>
    count(({ decision }) => decision.valid > 0 && decision.solved === solved),
  );
  return {
    ...{ pg: pg ?? 0, sft: sft ?? 0, mix: mix ?? 0, skip: skip ?? 0 },
    ...{ solved_none: none ?? 0, solved_some: some ?? 0, solved_all: all ?? 0 },
    noSignal: count(({ decision }) => decision.noSignal),
    maskedByShaping: count(({ decision }) => decision.maskedByShaping),
    missingDemonstration: count(({ decision }) => decision.missingDemonstration),
  };
}

function repeatedTraces(groups: readonly LoggedGroup[], successAbove: number): StepFacts['repeatedTraces'] {
  const repeated = groups.flatMap(({ prompt, completions }) =>
    completions.flatMap(({ tokenIds, correctness }) =>
      correctness !== null && prompt.demonstrations.some((trace) => sameTokens(trace, tokenIds)) ? [correctness] : [],
    ),
  );
  return {
    completions: repeated.length,
    successes: repeated.filter((value) => isSuccess(value, successAbove)).length,
  };
}

function sameTokens(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return a.length === b.length && Array.prototype.every.call(a, (token, at) => token === b[at]);
}

function decisionMetrics(groups: number, counts: DecisionCounts): Record<string, number> {
  return {
    ...Object.fromEntries(decisionKinds.map((kind) => [`switch/${kind}_frac`, counts[kind] / groups])),
    'switch/no_signal_frac': counts.noSignal / groups,
    'switch/masked_by_shaping': counts.maskedByShaping,
    'switch/missing_demonstration': counts.missingDemonstration,
    ...Object.fromEntries(solvedClasses.map((solved) => [`groups/solved_${solved}`, counts[`solved_${solved}`]])),
  };
}

function rewardMetrics(run: Run, groups: readonly LoggedGroup[]): Record<string, number> {
  const completions = groups.flatMap((group) => group.completions);
  const rewards = validValues(completions.map(({ reward }) => reward));
  if (rewards.length === 0) return {};
  const perGroup = groups.map((group) => validValues(group.completions.map(({ reward }) => reward)));
  const withValid = perGroup.filter((values) => values.length > 0);
  const components = run.scorer.components.flatMap(({ name }) => {
    const values = completions.flatMap(({ outcomes }) => {
      const outcome = outcomes[name];
      return outcome && 'value' in outcome && outcome.value !== null ? [fromLoggedNumber(outcome.value)] : [];
    });
    if (values.length === 0) return [];
    return [
      [`rewards/${name}/mean`, meanOf(values)],
      [`rewards/${name}/std`, sampleStd(values)],
    ];
  });
  return {
    reward: meanOf(rewards),
    reward_std: sampleStd(rewards),
    ...Object.fromEntries(components),
    frac_reward_zero_std: withValid.filter(allEqual).length / withValid.length,
  };
}

function lengthMetrics(completions: LoggedGroup['completions'], truncated: number): Record<string, number> {
  if (completions.length === 0) return {};
  const lengths = completions.map(({ tokenIds }) => tokenIds.length);
  return {
    'completions/mean_length': meanOf(lengths),
    'completions/min_length': lengths.reduce((a, b) => Math.min(a, b)),
    'completions/max_length': lengths.reduce((a, b) => Math.max(a, b)),
    'completions/clipped_ratio': truncated / completions.length,
  };
}

function updateMetrics(run: Run, learned: Learned): Record<string, number> {
  const { state, config } = run;
  if (!learned.updated) return { learning_rate: learned.learningRate };
  return {
    loss: learned.loss.total + (state.logSigma ? logSigmaPenalty(state.logSigma) : 0),
    'loss/pg': learned.loss.pg,
    'loss/sft': learned.loss.sft,
    grad_norm: learned.gradNorm,
    learning_rate: learned.learningRate,
    ...known({ ...learned.policy, 'sft/nll': learned.nll }),
    ...(state.logSigma && {
      'log_sigma/pg': state.logSigma.pg,
      'log_sigma/sft': state.logSigma.sft,
      'log_sigma/pg_weight': logSigmaWeights(state.logSigma).pg,
      'log_sigma/sft_weight': logSigmaWeights(state.logSigma).sft,
    }),
    ...(config.traces && {
      'traces/too_long': state.demonstrations.tooLong,
      'traces/truncated': state.demonstrations.truncated,
    }),
  };
}

/** Token mean over all completions of the step, trained or not, as the decoder saw it. */
function entropyMean(completions: LoggedGroup['completions']): number {
  let sum = 0;
  let tokens = 0;
  for (const { entropies } of completions) {
    for (const entropy of entropies) sum += entropy;
    tokens += entropies.length;
  }
  return sum / tokens;
}

/** The values that there are: a mean over nothing is NaN and left out. */
function known(values: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !Number.isNaN(value)));
}

function rate(name: string, tokens: number, ms: number): Record<string, number> {
  return ms > 0 ? { [name]: (1000 * tokens) / ms } : {};
}

function emptyReason(groups: readonly LoggedGroup[]): string {
  const reasons = new Set(groups.map(({ decision }) => decision.reason));
  const [first] = reasons;
  return reasons.size === 1 && first !== undefined
    ? first
    : `All ${groups.length} groups were skipped, for ${reasons.size} reasons; each decision says why.`;
}
