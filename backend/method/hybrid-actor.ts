// The Hybrid Actor (SuperRL, arXiv 2506.01096): combines policy-gradient and supervised losses at the loss
// level. One optimiser step is fixed before its first micro-batch: every row gets weights that already hold
// the step-wide denominators, so that any split into micro-batches gives the same gradient (METHOD.md).
import type { DecisionKind } from '../protocol/decision';
import type { RunConfig } from '../protocol/run-config';
import { type LogSigmaState, logSigmaWeights } from './log-sigma';
import type { Phase } from './phase';
import { decayFactor } from './schedule';

/** The weights (a_x, b_x) by decision: pg (pg, 0), sft (0, sft), mix (pg, mix), skip (0, 0). */
export interface HybridWeights {
  /** a of pg and mix groups. */
  readonly pg: number;
  /** b of sft groups. */
  readonly sft: number;
  /** b of mix groups. */
  readonly mix: number;
}

/** One group of the step, reduced to what the denominators need. */
export interface UpdateGroup {
  readonly kind: DecisionKind;
  /** The K completions: |y_k| in tokens and A_k; advantage null: invalid. */
  readonly completions: readonly {
    readonly tokens: number;
    readonly advantage: number | null;
    /** Ended by maxNewTokens; left out of the update when rollout.maskTruncated. */
    readonly truncated: boolean;
  }[];
  /** |y*_m| in tokens of each of the M demonstrations. */
  readonly demonstrations: readonly number[];
}

/** The loss of the step is Σ over rows and their completion tokens of pgWeight·ℓ − sftWeight·log π − entropyWeight·H. */
export interface PlannedRow {
  readonly group: number;
  readonly source: 'completion' | 'demonstration';
  /** Of the completion or demonstration in its group. */
  readonly index: number;
  readonly pgWeight: number;
  readonly sftWeight: number;
  readonly entropyWeight: number;
  /** 0 for demonstrations. */
  readonly advantage: number;
}

export interface UpdatePlan {
  readonly rows: readonly PlannedRow[];
  /** N: groups not skipped. 0: no optimiser call. */
  readonly groups: number;
  /** P and S: groups with a_x > 0 and with b_x > 0. */
  readonly pgGroups: number;
  readonly sftGroups: number;
  readonly weights: HybridWeights;
}

/** Everything of the configuration that the denominators depend on. */
export type UpdateSettings = Pick<RunConfig, 'loss' | 'sft' | 'rollout'>;

/**
 * The weights of this step by hybrid.mix: λ follows its schedule, log-sigma its two learned scalars.
 * @param progress share of the budget used, [0, 1]
 * @param logSigma its state; needed in the hybrid phase with mix log-sigma
 * @throws RangeError when it is missing there
 */
export function hybridWeights(
  hybrid: RunConfig['hybrid'],
  phase: Phase,
  progress: number,
  logSigma: LogSigmaState | null,
): HybridWeights {
  const sft = hybrid.sftCoefficient;
  if (phase === 'hybrid' && hybrid.mix === 'log-sigma') {
    if (!logSigma) throw new RangeError('Mix log-sigma needs its state.');
    const learned = logSigmaWeights(logSigma);
    return { pg: learned.pg, sft, mix: learned.sft };
  }
  return { pg: 1, sft, mix: hybrid.lambda * decayFactor(hybrid.lambdaSchedule, progress) };
}

/** Plans one optimiser step over the groups of a rollout batch; the same plan serves each epoch over them. */
export function planUpdate(
  groups: readonly UpdateGroup[],
  settings: UpdateSettings,
  weights: HybridWeights,
): UpdatePlan {
  const planned = groups.map((group) => ({
    ...groupWeights(group.kind, weights),
    completions: group.completions.flatMap(({ tokens, advantage, truncated }, index) =>
      advantage === null || (truncated && settings.rollout.maskTruncated) ? [] : [{ tokens, advantage, index }],
    ),
    demonstrations: group.demonstrations,
  }));
  const pgGroups = planned.filter(({ a }) => a > 0);
  const sftGroups = planned.filter(({ b }) => b > 0);
  const step: StepTotals = {
    groups: groups.filter(({ kind }) => kind !== 'skip').length,
    pgGroups: pgGroups.length,
    sftGroups: sftGroups.length,
    pgTokens: sum(pgGroups.flatMap(({ completions }) => completions.map(({ tokens }) => tokens))),
    sftTokens: sum(sftGroups.flatMap(({ demonstrations }) => demonstrations)),
  };
  const rows: PlannedRow[] = planned.flatMap(({ a, b, completions, demonstrations }, group) => [
    ...(a > 0 ? completions : []).map(({ tokens, advantage, index }) => ({
      ...{ group, source: 'completion' as const, index, advantage },
      pgWeight: a * completionWeight(tokens, completions.length, step, settings),
      sftWeight: 0,
      entropyWeight: (settings.loss.entropyCoefficient * step.pgGroups) / (step.groups * step.pgTokens),
    })),
    ...(b > 0 ? demonstrations : []).map((tokens, index) => ({
      ...{ group, source: 'demonstration' as const, index, advantage: 0 },
      pgWeight: 0,
      sftWeight: b * demonstrationWeight(tokens, demonstrations.length, step, settings),
      entropyWeight: 0,
    })),
  ]);
  const { groups: n, pgGroups: p, sftGroups: s } = step;
  return { rows, groups: n, pgGroups: p, sftGroups: s, weights };
}

/**
 * Whether a row's gradient is exactly zero, whatever its ratio ρ, so that its passes may be left out
 * (update.dropZeroRows): advantage 0, no KL, no entropy bonus, no SFT.
 */
export function hasZeroGradient(row: PlannedRow, settings: Pick<RunConfig, 'loss'>): boolean {
  const pgIsZero = row.pgWeight === 0 || (row.advantage === 0 && settings.loss.kl.coefficient === 0);
  return pgIsZero && row.sftWeight === 0 && row.entropyWeight === 0;
}

interface StepTotals {
  /** N, P, S. */
  readonly groups: number;
  readonly pgGroups: number;
  readonly sftGroups: number;
  /** Tokens of all completions of the P groups, and of all demonstrations of the S groups. */
  readonly pgTokens: number;
  readonly sftTokens: number;
}

function groupWeights(kind: DecisionKind, { pg, sft, mix }: HybridWeights): { a: number; b: number } {
  switch (kind) {
    case 'pg':
      return { a: pg, b: 0 };
    case 'sft':
      return { a: 0, b: sft };
    case 'mix':
      return { a: pg, b: mix };
    case 'skip':
      return { a: 0, b: 0 };
  }
}

/** The weight of each token of a completion before a_x, by the loss's normalisation. */
function completionWeight(tokens: number, completions: number, step: StepTotals, settings: UpdateSettings): number {
  switch (settings.loss.type) {
    case 'grpo':
    case 'gspo':
    case 'reinforce':
      return 1 / (step.groups * completions * tokens);
    case 'dr_grpo':
      return 1 / (step.groups * completions * settings.rollout.maxNewTokens);
    case 'dapo':
    case 'bnpo':
    case 'cispo':
      return step.pgGroups / (step.groups * step.pgTokens);
  }
}

/** The weight of each token of a demonstration before b_x, by sft.normalize. */
function demonstrationWeight(
  tokens: number,
  demonstrations: number,
  step: StepTotals,
  settings: UpdateSettings,
): number {
  return settings.sft.normalize === 'sequence'
    ? 1 / (step.groups * demonstrations * tokens)
    : step.sftGroups / (step.groups * step.sftTokens);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
