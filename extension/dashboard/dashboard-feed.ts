// What a dashboard is told of one run, made from its events: the host adds events as they come and posts what
// `snapshot` and `update` give. Pure. All columns stay here at full resolution; the webview gets buckets.
import type {
  ComparedRun,
  DashboardEvaluation,
  DashboardHeader,
  DashboardMarks,
  HostMessage,
} from '../../backend/protocol/dashboard';
import { maxLogLines } from '../../backend/protocol/dashboard';
import { fromLoggedNumber, type LoggedNumber, type RunEvent, type RunState } from '../../backend/protocol/events';
import type { RunSummary } from '../../backend/protocol/messages';
import { elapsedMsColumn, RunColumns, stepsPerBucketFor, usedTokensColumn } from '../../backend/protocol/run-series';

/** A column beside the metrics, for the time that is left. */
const progressColumn = 'progress';

type Alarm = DashboardMarks['alarms'][number];

/** Steps over which the pace is taken. */
const paceSteps = 50;

type Range = readonly [number, number];
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** run.json and summary.json as readRun gives them. */
export interface StoredRun {
  readonly record: Record<string, unknown>;
  readonly end?: Record<string, unknown> | undefined;
}

export class DashboardFeed {
  readonly #run: string;
  readonly #columns = new RunColumns();
  #marks: DashboardMarks = { evaluations: [], alarms: [], checkpoints: [], probes: [], log: [] };
  #summary: RunSummary | undefined;
  #stored: StoredRun | undefined;
  #connection: DashboardHeader['connection'] = { state: 'connecting' };
  #state: { state: RunState; reason?: string | undefined } | undefined;
  #activity: DashboardHeader['activity'];
  #step = 0;
  #epoch = 0;
  #loading = true;
  #range: Range | null = null;
  /** What the webview has: series are sent whole when this changes. */
  #sent: { stepsPerBucket: number; lastStep: number } | undefined;
  #changed = { header: true, marks: true, stored: true, series: true };

  /** @param run absolute path of the run folder */
  constructor(run: string) {
    this.#run = run;
  }

  get lastStep(): number {
    return this.#columns.lastStep;
  }

  /** Events that the run had when it was subscribed to are still coming in. */
  get isLoading(): boolean {
    return this.#loading;
  }

  setSummary(summary: RunSummary): void {
    this.#summary = summary;
    this.#changed.header = true;
  }

  setStored(stored: StoredRun): void {
    this.#stored = stored;
    this.#changed.stored = true;
    this.#changed.header = true;
  }

  setConnection(connection: DashboardHeader['connection']): void {
    this.#connection = connection;
    this.#changed.header = true;
  }

  /** All events that the run had when it was subscribed to are in. */
  setLoaded(): void {
    if (!this.#loading) return;
    this.#loading = false;
    this.#changed.header = true;
  }

  /** null: the whole run. */
  setRange(range: Range | null): void {
    this.#range = range;
    this.#sent = undefined;
    this.#changed.series = true;
  }

  /** Events in order of seq, without gap or duplicate. */
  addEvents(events: readonly RunEvent[]): void {
    for (const event of events) this.#add(event);
  }

  /** Everything, for a webview that knows nothing or was hidden. */
  snapshot(): HostMessage[] {
    this.#sent = undefined;
    this.#changed = { header: true, marks: true, stored: true, series: true };
    return this.update();
  }

  /** What has changed since the last call. */
  update(): HostMessage[] {
    const messages: HostMessage[] = [];
    const { header, marks, stored, series } = this.#changed;
    this.#changed = { header: false, marks: false, stored: false, series: false };
    if (stored && this.#stored) messages.push({ kind: 'configuration', ...this.#stored });
    if (header) messages.push({ kind: 'header', header: this.header() });
    if (series) messages.push(...this.#seriesUpdate());
    if (marks) messages.push({ kind: 'marks', marks: this.#marks });
    return messages;
  }

  header(): DashboardHeader {
    const summary = this.#summary;
    const live = summary?.live ?? false;
    const step = Math.max(this.#step, summary?.step ?? 0);
    const config = recordOf(this.#stored?.record.config);
    const remainingMs = live ? this.#remainingMs() : undefined;
    return {
      run: this.#run,
      name: summary?.name ?? textOf(config.name) ?? '',
      method: summary?.method ?? textOf(config.method) ?? '',
      ...this.#shownState(),
      live,
      resumable: summary?.resumable ?? false,
      engine: summary?.engine ?? '',
      ...(summary?.engineReason !== undefined && { engineReason: summary.engineReason }),
      step,
      budget: budgetOf(config.budget),
      progress: this.#latest(progressColumn) ?? summary?.progress ?? 0,
      usedTokens: this.#latest(usedTokensColumn) ?? 0,
      elapsedMs: this.#latest(elapsedMsColumn) ?? 0,
      ...(remainingMs !== undefined && { remainingMs }),
      epoch: this.#epoch,
      ...(live && this.#activity && { activity: this.#activity }),
      connection: this.#connection,
      loading: this.#loading,
    };
  }

  /** Full resolution for the data table: steps with a value in any of the columns. */
  table(
    columns: readonly string[],
    fromStep: number,
    limit: number,
  ): Omit<HostMessage & { kind: 'table' }, 'kind' | 'id'> {
    const steps: number[] = [];
    let total = 0;
    for (let step = 1; step <= this.#columns.lastStep; step++) {
      if (columns.every((name) => Number.isNaN(this.#columns.at(name, step)))) continue;
      total++;
      if (step >= fromStep && steps.length < limit) steps.push(step);
    }
    const valuesOf = (name: string) =>
      steps.map((step) => {
        const value = this.#columns.at(name, step);
        return Number.isFinite(value) ? value : null;
      });
    return { total, steps, values: Object.fromEntries(columns.map((name) => [name, valuesOf(name)])) };
  }

  /** This run in a comparison. */
  compared(): ComparedRun {
    const { run, name, method, state, engine } = this.header();
    const last = this.#columns.lastStep;
    const series = this.#columns.series(1, last, stepsPerBucketFor(last, 400));
    return {
      ...{ run, name, method, state, engine, series },
      evaluations: this.#marks.evaluations,
      configuration: recordOf(this.#stored?.record.config),
    };
  }

  #add(event: RunEvent): void {
    this.#changed.header = true;
    switch (event.type) {
      case 'metrics': {
        const { step, values, usedTokens, elapsedMs, progress, epoch } = event.data;
        for (const [name, value] of Object.entries(values)) this.#columns.set(step, name, fromLoggedNumber(value));
        this.#columns.set(step, usedTokensColumn, usedTokens);
        this.#columns.set(step, elapsedMsColumn, elapsedMs);
        this.#columns.set(step, progressColumn, progress);
        this.#step = step;
        this.#epoch = epoch;
        this.#changed.series = true;
        return;
      }
      case 'decision':
        this.#columns.addReason(event.data.step, event.data.decision.kind, event.data.decision.reason);
        return;
      case 'state': {
        const { state, step, reason } = event.data;
        this.#state = { state, reason };
        this.#step = Math.max(this.#step, step);
        return;
      }
      case 'phase':
        this.#activity = { phase: event.data.phase, message: event.data.message, sinceMs: event.ts };
        return;
      case 'evaluation': {
        const { step, values, intervals, prompts, samples } = event.data;
        const at = Math.min(step, this.#columns.lastStep);
        const measured: DashboardEvaluation = {
          ...{ step, values: measuredOnly(numbers(values)), intervals, prompts, samples },
          usedTokens: finiteOr(this.#columns.at(usedTokensColumn, at), 0),
          elapsedMs: finiteOr(this.#columns.at(elapsedMsColumn, at), 0),
        };
        this.#mark({ evaluations: [...this.#marks.evaluations.filter((one) => one.step !== step), measured] });
        return;
      }
      case 'alarm':
        this.#mark({ alarms: [...this.#marks.alarms, { ...event.data, ts: event.ts }] });
        return;
      case 'alarmOver': {
        const { kind, step } = event.data;
        const over = (alarm: Alarm): Alarm =>
          alarm.kind === kind && alarm.overAt === undefined ? { ...alarm, overAt: step } : alarm;
        this.#mark({ alarms: this.#marks.alarms.map(over) });
        this.#log(event, 'info', step, event.data.message);
        return;
      }
      case 'checkpoint':
        this.#mark({ checkpoints: [...this.#marks.checkpoints, { ...event.data, ts: event.ts }] });
        return;
      case 'probe':
        this.#mark({ probes: [...this.#marks.probes, event.data] });
        return;
      case 'note':
        this.#log(event, event.data.level, event.data.step, event.data.message);
        return;
      case 'emptyStep':
        this.#log(event, 'warning', event.data.step, `No update in step ${event.data.step}: ${event.data.reason}`);
        return;
      case 'error':
        this.#log(event, 'error', event.data.step, event.data.message);
        return;
      case 'interrupted':
        this.#state = { state: 'interrupted', reason: event.data.reason };
        this.#log(event, 'warning', event.data.step, `Interrupted: ${event.data.reason}`);
        return;
      case 'resumed':
        this.#resume(event);
    }
  }

  /** Steps after the checkpoint are done anew (dropSuperseded of run-history.ts). */
  #resume(event: RunEvent & { type: 'resumed' }): void {
    const { fromStep } = event.data;
    this.#state = { state: 'preparing' };
    this.#step = fromStep;
    this.#columns.truncate(fromStep);
    this.#sent = undefined;
    this.#changed.series = true;
    const still = <T extends { step: number }>(marks: readonly T[]) => marks.filter(({ step }) => step <= fromStep);
    const { evaluations, alarms, checkpoints, probes, log } = this.#marks;
    this.#marks = {
      ...{
        evaluations: still(evaluations),
        alarms: still(alarms).map(asOf(fromStep)),
        checkpoints: still(checkpoints),
      },
      ...{ probes: still(probes), log: log.filter(({ step, level }) => step <= fromStep || level === 'error') },
    };
    this.#log(event, 'info', fromStep, `Resumed from step ${fromStep}`);
  }

  #mark(marks: Partial<Mutable<DashboardMarks>>): void {
    this.#marks = { ...this.#marks, ...marks };
    this.#changed.marks = true;
  }

  #log(event: RunEvent, level: DashboardMarks['log'][number]['level'], step: number, message: string): void {
    this.#mark({ log: [...this.#marks.log, { step, ts: event.ts, level, message }].slice(-maxLogLines) });
  }

  #seriesUpdate(): HostMessage[] {
    const last = this.#columns.lastStep;
    const range = this.#range;
    const [from, to] = range ?? [1, last];
    const stepsPerBucket = stepsPerBucketFor(to - from + 1);
    const sent = this.#sent;
    this.#sent = { stepsPerBucket, lastStep: last };
    if (sent && sent.stepsPerBucket === stepsPerBucket && sent.lastStep <= last) {
      // The bucket that the last step sent is in may have been only half full.
      const first = Math.max(1, sent.lastStep);
      return first > to ? [] : [{ kind: 'append', series: this.#columns.series(first, to, stepsPerBucket) }];
    }
    const series = this.#columns.series(from, to, stepsPerBucket);
    return [{ kind: 'series', range: range === null ? null : [range[0], range[1]], series }];
  }

  /** The log's state, unless the trainer that wrote it is gone. */
  #shownState(): Pick<DashboardHeader, 'state' | 'reason'> {
    const summary = this.#summary;
    const logged = this.#state;
    const ended = logged && ['finished', 'failed', 'interrupted'].includes(logged.state);
    const { state, reason } =
      logged && (ended || summary?.live !== false)
        ? logged
        : (summary ?? logged ?? { state: 'preparing' as const, reason: undefined });
    return { state, ...(reason !== undefined && { reason }) };
  }

  #latest(column: string): number | undefined {
    const value = this.#columns.at(column, this.#columns.lastStep);
    return Number.isNaN(value) ? undefined : value;
  }

  #remainingMs(): number | undefined {
    const last = this.#columns.lastStep;
    const first = Math.max(1, last - paceSteps);
    const done = this.#columns.at(progressColumn, last) - this.#columns.at(progressColumn, first);
    const took = this.#columns.at(elapsedMsColumn, last) - this.#columns.at(elapsedMsColumn, first);
    if (!(done > 0 && took > 0)) return undefined;
    return ((1 - this.#columns.at(progressColumn, last)) / done) * took;
  }
}

function numbers(values: Readonly<Record<string, LoggedNumber>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fromLoggedNumber(value)]));
}

/** Not-a-number would reach the page as null: what was not measured is left out. */
function measuredOnly(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)));
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function budgetOf(value: unknown): DashboardHeader['budget'] {
  const { steps, minutes, tokens } = recordOf(value);
  return {
    ...(typeof steps === 'number' && { steps }),
    ...(typeof minutes === 'number' && { minutes }),
    ...(typeof tokens === 'number' && { tokens }),
  };
}

function finiteOr(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}

/** An alarm as it stood after a step. */
function asOf(step: number): (alarm: Alarm) => Alarm {
  return ({ overAt, ...alarm }) => (overAt === undefined || overAt > step ? alarm : { ...alarm, overAt });
}
