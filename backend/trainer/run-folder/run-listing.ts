// The runs of a directory with where each stands, told from their files alone; reading changes nothing.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { errorText, SuperRlError } from '../../protocol/errors';
import { type EventData, type EventType, fromLoggedNumber, type RunEvent, type RunState } from '../../protocol/events';
import { dropSuperseded, lastState } from '../../protocol/run-history';
import { checkpointSteps } from './checkpoint-folder';
import { readLastEvents } from './read-events';
import { type RunRecord, readRunRecord } from './run-json';
import { runLockState } from './run-lock';
import { systemCode } from './storage-error';

export interface ListedRun {
  readonly id: string;
  /** Absolute. */
  readonly folder: string;
  /** `damaged`: the folder looks like a run but can't be read; `problem` says why. */
  readonly state: RunState | 'damaged';
  readonly problem?: string;
  readonly record?: RunRecord;
  readonly step: number;
  /** Share of the budget used, [0, 1]. */
  readonly progress: number;
  /** Newest values; undefined when there are none yet. */
  readonly reward?: number;
  readonly evaluation?: EventData<'evaluation'>;
  readonly checkpoints: readonly number[];
  /** Milliseconds since the epoch of the last event, else of the folder. */
  readonly changedAt: number;
}

/** Runs under a directory, newest first; empty when there is none. */
export function listRuns(runsDirectory: string): ListedRun[] {
  let names: string[];
  try {
    names = readdirSync(runsDirectory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw new SuperRlError('storage', `${runsDirectory} can't be read (${errorText(error)}).`, { cause: error });
  }
  return names
    .map((name) => join(runsDirectory, name))
    .filter(isRunFolder)
    .map(describeRun)
    .sort((a, b) => b.changedAt - a.changedAt || b.id.localeCompare(a.id));
}

/** Where one run stands. A run whose trainer died is `interrupted`, also before anyone appended that. */
export function describeRun(runFolder: string): ListedRun {
  const folder = resolve(runFolder);
  const id = basename(folder);
  try {
    const record = readRunRecord(folder);
    const events = dropSuperseded(readLastEvents(folder));
    const metrics = newest(events, 'metrics');
    const reward = metrics?.values.reward;
    const evaluation = newest(events, 'evaluation');
    const told = lastState(events);
    return {
      id,
      folder,
      record,
      state: liveState(folder, told?.state ?? 'running'),
      step: told?.step ?? metrics?.step ?? 0,
      progress: metrics?.progress ?? 0,
      ...(reward === undefined ? {} : { reward: fromLoggedNumber(reward) }),
      ...(evaluation === undefined ? {} : { evaluation }),
      checkpoints: checkpointSteps(folder),
      changedAt: events.at(-1)?.ts ?? statSync(folder).mtimeMs,
    };
  } catch (error) {
    const changedAt = statSync(folder).mtimeMs;
    return {
      id,
      folder,
      state: 'damaged',
      problem: errorText(error),
      step: 0,
      progress: 0,
      checkpoints: [],
      changedAt,
    };
  }
}

/**
 * The folder that a person means by a run: a path, or the name or a beginning of the name of a run in the
 * directory (the newest of them).
 * @throws SuperRlError `usage` naming the runs there are.
 */
export function findRun(nameOrPath: string, runsDirectory: string): string {
  const path = resolve(nameOrPath);
  if (isRunFolder(path)) return path;
  const runs = listRuns(runsDirectory);
  const exact = runs.find((run) => run.id === nameOrPath);
  const found = exact ?? runs.find((run) => run.id.startsWith(nameOrPath));
  if (found) return found.folder;
  const known = runs.slice(0, 5).map((run) => run.id);
  throw new SuperRlError(
    'usage',
    `There is no run "${nameOrPath}" in ${runsDirectory}. ` +
      (known.length === 0 ? 'It holds no runs; give another directory with --runs.' : `Runs: ${known.join(', ')}.`),
  );
}

function isRunFolder(folder: string): boolean {
  return existsSync(join(folder, 'run.json'));
}

function liveState(folder: string, told: RunState): RunState {
  if (told === 'finished' || told === 'failed' || told === 'interrupted') return told;
  const lock = runLockState(folder).state;
  return lock === 'free' || lock === 'dead' ? 'interrupted' : told;
}

function newest<T extends EventType>(events: readonly RunEvent[], type: T): EventData<T> | undefined {
  // The type is equal, so the data is of that type: TypeScript can't see it through a type parameter.
  return events.findLast((event) => event.type === type)?.data as EventData<T> | undefined;
}
