// The update of a step: the planned rows of completions and demonstrations through forward, backward and AdamW,
// once an epoch, with reference and old log-probabilities where the loss needs them.
import type { LossRow, ScoredRow } from '../engine/engine';
import { hasZeroGradient, type PlannedRow, type UpdatePlan } from '../method/hybrid-actor';
import { lossForm } from '../method/loss-form';
import {
  type PolicyMetrics,
  policyMetrics,
  type SeenRow,
  type StepLoss,
  stepLoss,
  tokenMean,
} from '../method/policy-loss';
import { learningRateAt } from '../method/schedule';
import { pausePoint, type Run } from './run';

/** The token ids that planned rows stand for. */
export interface LearnGroup {
  readonly prompt: { readonly ids: Int32Array; readonly demonstrations: readonly Int32Array[] };
  readonly completions: readonly { readonly tokenIds: Int32Array }[];
}

export interface Learned {
  readonly learningRate: number;
  /** false: no optimiser call, because every group is skipped. */
  readonly updated: boolean;
  /** false: NaN or infinity; the weights are those before it. */
  readonly finite: boolean;
  /** Means over the epochs. */
  readonly loss: StepLoss;
  readonly gradNorm: number;
  readonly policy: PolicyMetrics | undefined;
  /** Mean −log π of the demonstrations' tokens at temperature 1; NaN without any. */
  readonly nll: number;
  /** Prompt, completion and demonstration tokens that went through forward and backward, over all epochs. */
  readonly trainedTokens: number;
}

/** Learns from the planned rows; counts the trained tokens in the state. */
export async function learn(
  run: Run,
  step: number,
  groups: readonly LearnGroup[],
  plan: UpdatePlan,
  progress: number,
): Promise<Learned> {
  const { config, engine, state } = run;
  const form = lossForm(config);
  const learningRate = learningRateOf(run, step, progress);
  if (plan.groups === 0) return nothingLearned(learningRate);

  const isDropped = (row: PlannedRow) => config.update.dropZeroRows && hasZeroGradient(row, config);
  const planned = plan.rows.filter((row) => !isDropped(row));
  const dropped = plan.rows.filter(isDropped).map((row) => targetOf(groups, row).length);
  const rows = await withReferences(run, planned, groups);

  const epochs: { loss: StepLoss; policy: PolicyMetrics; gradNorm: number; nll: number }[] = [];
  let finite = true;
  let trainedTokens = 0;
  for (let epoch = 0; epoch < config.update.epochsPerRollout && finite; epoch++) {
    await pausePoint(run, step);
    const accumulated = await engine.accumulate(form, rows);
    const seen: SeenRow[] = rows.map((row, index) => ({ ...row, ...statisticsOf(accumulated.rows, index) }));
    trainedTokens += rows.reduce((sum, row) => sum + row.tokenIds.length, 0);
    const loss = stepLoss(form, seen);
    const { gradNorm, applied } = await update(run, learningRate, accumulated.loss);
    finite = applied;
    if (applied) state.updates++;
    const demonstrations = seen.filter((row) => row.sftWeight !== 0).map((row) => row.logProbs);
    epochs.push({ loss, policy: policyMetrics(form, seen, dropped), gradNorm, nll: -tokenMean(demonstrations) });
  }
  state.used.trained += trainedTokens;
  return {
    learningRate,
    updated: true,
    finite,
    trainedTokens,
    loss: meanOfFields(epochs.map(({ loss }) => loss)),
    policy: meanOfFields(epochs.map(({ policy }) => policy)),
    ...meanOfFields(epochs.map(({ gradNorm, nll }) => ({ gradNorm, nll }))),
  };
}

/** update.learningRate, or sft.learningRate in an SFT phase, under the schedule. */
function learningRateOf({ config, state }: Run, step: number, progress: number): number {
  const { schedule, warmupSteps } = config.update;
  const { learningRate } = state.phase === 'sft' ? config.sft : config.update;
  return learningRateAt({ learningRate, schedule, warmupSteps }, step, progress);
}

/** The rows as the engine takes them, with reference and old log-probabilities of the policy-gradient ones. */
async function withReferences(
  { config, engine }: Run,
  planned: readonly PlannedRow[],
  groups: readonly LearnGroup[],
): Promise<LossRow[]> {
  const rows = planned.map((row): LossRow => ({ ...row, ...sequenceOf(groups, row, config.rollout.temperature) }));
  const isPg = (row: LossRow) => row.pgWeight !== 0;
  const pgRows = rows.filter(isPg);
  const needsReference = config.loss.kl.coefficient > 0 && pgRows.length > 0;
  const needsOld = config.update.epochsPerRollout > 1 && pgRows.length > 0;
  const reference = needsReference ? await engine.logProbs(pgRows, 'reference') : [];
  const old = needsOld ? await engine.logProbs(pgRows, 'policy') : [];
  let at = 0;
  return rows.map((row) => {
    if (!isPg(row)) return row;
    const refLogProbs = reference[at]?.logProbs;
    const oldLogProbs = old[at]?.logProbs;
    at++;
    return { ...row, ...(refLogProbs && { refLogProbs }), ...(oldLogProbs && { oldLogProbs }) };
  });
}

/** Prompt + completion at the rollout's temperature, or prompt + demonstration at 1 (METHOD.md). */
function sequenceOf(groups: readonly LearnGroup[], row: PlannedRow, temperature: number): ScoredRow {
  const promptIds = groups[row.group]?.prompt.ids ?? new Int32Array();
  const target = targetOf(groups, row);
  const tokenIds = new Int32Array(promptIds.length + target.length);
  tokenIds.set(promptIds);
  tokenIds.set(target, promptIds.length);
  return { tokenIds, promptLength: promptIds.length, temperature: row.source === 'completion' ? temperature : 1 };
}

function targetOf(groups: readonly LearnGroup[], row: PlannedRow): Int32Array {
  const group = groups[row.group];
  const target =
    row.source === 'completion' ? group?.completions[row.index]?.tokenIds : group?.prompt.demonstrations[row.index];
  if (!target)
    throw new RangeError(`The plan names ${row.source} ${row.index} of group ${row.group}, which is not there.`);
  return target;
}

async function update(run: Run, learningRate: number, loss: number): Promise<{ gradNorm: number; applied: boolean }> {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = run.config.update;
  if (!Number.isFinite(loss)) {
    run.engine.clearGradients();
    return { gradNorm: Number.NaN, applied: false };
  }
  return run.engine.update({ learningRate, beta1, beta2, epsilon, weightDecay, clipNorm });
}

function statisticsOf<T>(rows: readonly T[], index: number): T {
  const row = rows[index];
  if (!row) throw new RangeError(`The engine gave no statistics for row ${index} of ${rows.length}.`);
  return row;
}

function nothingLearned(learningRate: number): Learned {
  const loss = { total: 0, pg: 0, sft: 0, entropyBonus: 0 };
  return {
    learningRate,
    updated: false,
    finite: true,
    loss,
    gradNorm: 0,
    policy: undefined,
    nll: Number.NaN,
    trainedTokens: 0,
  };
}

function meanOfFields<T extends { readonly [field in keyof T]: number }>(items: readonly T[]): T {
  const [first] = items;
  if (!first) throw new RangeError('A step has at least one epoch.');
  const fields = Object.keys(first) as (keyof T)[];
  return Object.fromEntries(
    fields.map((field) => [field, items.reduce((sum, item) => sum + item[field], 0) / items.length]),
  ) as T;
}
