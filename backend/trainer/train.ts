// The training loop around the step: budget, schedule, phases, evaluation, checkpoints, alarms and requests
// of a person. Events are appended in order: decisions and samples, metrics, alarms, evaluation, checkpoint.
import { budgetProgress, budgetTokens } from '../method/budget';
import { phaseAt } from '../method/phase';
import { SuperRlError } from '../protocol/errors';
import { fromLoggedNumber, type LoggedNumber, toLoggedNumber } from '../protocol/events';
import { nonFiniteLimit, stepAlarms } from './alarms';
import { saveCheckpoint } from './checkpoint';
import { epochsDone } from './draw-prompts';
import { evaluate, passAtKName } from './evaluation';
import { probeIsDue, probeRewardDensity } from './probe';
import { pausePoint, type Run, WorkAbandoned, workingTime } from './run';
import { superRlStep } from './step';
import { supervisedStep } from './supervised-step';

/** How a run ended: the budget is used up, or a person stopped it (it can be resumed). */
export interface TrainOutcome {
  readonly state: 'finished' | 'interrupted';
  readonly reason: string;
}

/** The last numbers of this process: for the summary, and for what the next step tells. */
interface LastReport {
  savedStep: number;
  /** Since the last step. */
  evaluationMs: number;
  metrics: Record<string, LoggedNumber>;
  evaluation: Record<string, LoggedNumber>;
}

/**
 * Trains from `run.state` on until the budget is used or a stop is asked for. Saves a checkpoint at the end.
 * @throws SuperRlError for what no further step can mend; the last good weights are saved first.
 */
export async function train(run: Run): Promise<TrainOutcome> {
  const { state, config, control, ledger } = run;
  const beganAt = run.now();
  const last: LastReport = { savedStep: -1, evaluationMs: 0, metrics: {}, evaluation: {} };
  await ledger.append('state', { state: 'running', step: state.step });
  await evaluateIfDue(run, last, state.step === 0);

  while (progressOf(run) < 1 && control.stopReason === undefined) {
    await pausePoint(run, state.step);
    if (control.stopReason !== undefined) break;
    const step = state.step + 1;
    if (!(await completeStep(run, step, last))) break;
    const evaluated = await evaluateIfDue(run, last, false);
    const asked = control.takeCheckpointRequest();
    const scheduled = config.checkpoint.every > 0 && step % config.checkpoint.every === 0;
    const best = evaluated.best && config.checkpoint.best;
    if (best || asked || scheduled) await save(run, last, best);
  }

  const outcome = outcomeOf(run);
  if (outcome.state === 'interrupted')
    await ledger.append('state', { state: 'stopping', step: state.step, reason: outcome.reason });
  const evaluated = outcome.state === 'finished' ? await evaluateIfDue(run, last, true) : { best: false };
  if (last.savedStep !== state.step || evaluated.best) await save(run, last, evaluated.best && config.checkpoint.best);
  const best = state.bestEvaluation;
  await ledger.writeSummary({
    format: 1,
    ...outcome,
    step: state.step,
    usedTokens: budgetTokens(state.used),
    elapsedMs: run.now() - beganAt,
    trainingMs: state.elapsedMs,
    metrics: last.metrics,
    evaluation: last.evaluation,
    ...(best && { bestEvaluation: { step: best.step, name: best.metric, value: best.value } }),
    counts: state.counts,
  });
  await ledger.append('state', { ...outcome, step: state.step });
  return outcome;
}

/** One step with its bookkeeping; false when a stop left it undone, with the state before it. */
async function completeStep(run: Run, step: number, last: LastReport): Promise<boolean> {
  const { state, config, ledger } = run;
  const progress = progressOf(run);
  const started = workingTime(run);
  if (probeIsDue(run, step) && !(await unlessStopped(run, () => probeRewardDensity(run, step)))) return false;
  await enterPhase(run, step, phaseAt(config, progress, state.probe ? !state.probe.sparse : undefined));
  const takeStep = state.phase === 'sft' ? supervisedStep : superRlStep;
  const report = await unlessStopped(run, () => takeStep(run, step, progress));
  if (!report) return false;
  state.elapsedMs += workingTime(run) - started;
  state.step = step;
  run.lastStepMs = 1000 * (report.values.step_time ?? 0);
  if (report.emptyReason !== undefined) await ledger.append('emptyStep', { step, reason: report.emptyReason });
  const values = Object.fromEntries(
    Object.entries({ ...report.values, ...evaluationTime(last) }).map(([name, value]) => [name, toLoggedNumber(value)]),
  );
  await ledger.append('metrics', {
    step,
    values,
    usedTokens: budgetTokens(state.used),
    elapsedMs: state.elapsedMs,
    progress: progressOf(run),
    epoch: epochsDone(run),
    phase: state.phase,
  });
  last.metrics = values;
  for (const [name, count] of Object.entries(report.counts)) state.counts[name] = (state.counts[name] ?? 0) + count;
  const { told, over } = stepAlarms(state.alarms, report.facts);
  for (const alarm of told) await ledger.append('alarm', alarm);
  for (const alarm of over) await ledger.append('alarmOver', alarm);
  if (state.alarms.nonFiniteSteps >= nonFiniteLimit) {
    await save(run, last, false);
    throw new SuperRlError(
      'engine',
      `The loss or its gradient was NaN or infinite in ${nonFiniteLimit} steps in a row, so the run has ended. The last good ` +
        `weights are saved. Lower update.learningRate (now ${config.update.learningRate}) and start again.`,
    );
  }
  return true;
}

async function save(run: Run, last: LastReport, best: boolean): Promise<void> {
  await saveCheckpoint(run, best);
  last.savedStep = run.state.step;
}

/** The time of an evaluation stands in the metrics of the step after it. */
function evaluationTime(last: LastReport): Record<string, number> {
  const ms = last.evaluationMs;
  last.evaluationMs = 0;
  return ms > 0 ? { 'time/eval': ms / 1000 } : {};
}

async function enterPhase(run: Run, step: number, phase: Run['state']['phase']): Promise<void> {
  const { state, ledger, engine } = run;
  if (state.phase === phase) return;
  const message = `Training goes from ${state.phase} to ${phase} before step ${step}.`;
  if (state.phase === 'sft') engine.resetOptimizer();
  if (step > 1) await ledger.append('note', { step, level: 'info', message });
  state.phase = phase;
}

/** The result of the work, or undefined with the state as before when a stop made it end early. */
async function unlessStopped<T extends object>(run: Run, work: () => Promise<T>): Promise<T | undefined> {
  const { state } = run;
  const before = { drawn: state.drawn, used: { ...state.used }, demonstrations: { ...state.demonstrations } };
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WorkAbandoned)) throw error;
    Object.assign(state, before);
    return undefined;
  }
}

/** Evaluates every eval.every steps; at the start and end (`edge`) too unless just done. */
async function evaluateIfDue(run: Run, last: LastReport, edge: boolean): Promise<{ best: boolean }> {
  const { state, config, ledger } = run;
  const { every, k } = config.eval;
  const due = every > 0 && (edge || state.step % every === 0) && state.lastEvaluationStep !== state.step;
  if (!due) return { best: false };
  await ledger.append('phase', {
    step: state.step,
    phase: 'eval',
    message: `Evaluating ${config.eval.prompts} prompts`,
  });
  const evaluation = await unlessStopped(run, () => evaluate(run, state.step));
  if (!evaluation) return { best: false };
  await ledger.append('evaluation', evaluation);
  last.evaluation = evaluation.values;
  last.evaluationMs += evaluation.elapsedMs;
  state.lastEvaluationStep = state.step;
  const metric = passAtKName(k[0] ?? 1);
  const value = fromLoggedNumber(evaluation.values[metric] ?? 'NaN');
  const best = Number.isFinite(value) && (state.bestEvaluation === null || value > state.bestEvaluation.value);
  if (best) state.bestEvaluation = { step: state.step, metric, value };
  return { best };
}

function progressOf({ config, state }: Run): number {
  const { step, elapsedMs, used } = state;
  return budgetProgress(config.budget, { steps: step, elapsedMs, tokens: budgetTokens(used) });
}

function outcomeOf(run: Run): TrainOutcome {
  const { steps, minutes, tokens } = run.config.budget;
  if (progressOf(run) < 1) return { state: 'interrupted', reason: run.control.stopReason ?? 'Stopped.' };
  const { state } = run;
  if (steps !== undefined && state.step >= steps)
    return { state: 'finished', reason: `${steps} ${steps === 1 ? 'step is' : 'steps are'} done.` };
  if (tokens !== undefined && budgetTokens(state.used) >= tokens)
    return { state: 'finished', reason: `The budget of ${tokens.toLocaleString('en')} tokens is used.` };
  return { state: 'finished', reason: `The budget of ${minutes} minutes is used.` };
}
