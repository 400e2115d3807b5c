// The trainer's RunLedger on a real run folder. Opening it takes the run's lock, so there is one writer;
// everyone else reads the files.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import type { EventData, EventType, RunEvent, RunState } from '../../protocol/events';
import { lastState } from '../../protocol/run-history';
import type { RunLedger } from '../run-ledger';
import { newestCheckpoint, saveCheckpointFolder } from './checkpoint-folder';
import { type ControlRequest, clearControlRequests, takeControlRequests } from './control-file';
import { EventLog } from './event-log';
import { readLastEvents } from './read-events';
import { type RunRecord, readRunRecord, writeRunRecord, writeSummary } from './run-json';
import { acquireRunLock } from './run-lock';
import { readStepSamples, writeSampleFile } from './sample-file';

export interface OpenRunLedgerOptions {
  /** The run folder: new (createRunFolder) to create, with run.json to resume. */
  readonly folder: string;
  readonly mode: 'create' | 'resume';
}

/** A RunLedger and what else the holder of the lock does with the folder. */
export interface FolderLedger extends RunLedger {
  /** seq of the last event; 0 in an empty log. */
  readonly lastSeq: number;
  /** Called with each event once it is in the file. Returns the way to stop. */
  onAppend(listener: (event: RunEvent) => void): () => void;
  writeRun(record: RunRecord): Promise<void>;
  readRun(): RunRecord;
  /** Requests (stop, pause, resume, checkpoint) made since the last call, oldest first. */
  takeControlRequests(): ControlRequest[];
  /** Makes the log durable, closes it and gives the lock back. */
  close(): void;
}

/**
 * Takes the lock of a run and opens its log. On `resume`, a torn last line is cut and, when the log says the
 * run was still going, `interrupted` is appended; the trainer appends `resumed{fromStep}` itself, once it
 * knows the checkpoint.
 * @throws SuperRlError `run-locked` when another trainer is alive on this run, `storage` when the folder
 * can't be written, `run` when the mode doesn't fit the folder.
 */
export async function openRunLedger({ folder, mode }: OpenRunLedgerOptions): Promise<FolderLedger> {
  if (mode === 'resume') readRunRecord(folder);
  const lock = acquireRunLock(folder);
  let log: EventLog | undefined;
  try {
    log = EventLog.open(join(folder, 'events.jsonl'));
    if (mode === 'create' && log.lastSeq > 0) {
      throw new SuperRlError('run', `${folder} already holds a run. Go on with it by --resume, or start a new one.`);
    }
    if (mode === 'resume') appendInterruption(folder, log, lock.tookOverFrom?.pid);
    mkdirSync(join(folder, 'samples'), { recursive: true });
    mkdirSync(join(folder, 'checkpoints'), { recursive: true });
    clearControlRequests(folder);
    return new LockedFolder(folder, log, () => lock.release());
  } catch (error) {
    log?.close();
    lock.release();
    throw error;
  }
}

/**
 * Closes the books of a run whose trainer died: takes the lock, cuts the torn line, appends `interrupted`.
 * Returns false when nothing was to be done: the run had ended in good order, or a trainer is alive on it.
 */
export function markInterrupted(folder: string, reason: string): boolean {
  let lock: ReturnType<typeof acquireRunLock>;
  try {
    lock = acquireRunLock(folder);
  } catch (error) {
    if (error instanceof SuperRlError && error.code === 'run-locked') return false;
    throw error;
  }
  try {
    const log = EventLog.open(join(folder, 'events.jsonl'));
    try {
      return appendInterruption(folder, log, lock.tookOverFrom?.pid, reason);
    } finally {
      log.close();
    }
  } finally {
    lock.release();
  }
}

const endStates = ['interrupted', 'finished', 'failed'];

function appendInterruption(folder: string, log: EventLog, holder: number | undefined, reason?: string): boolean {
  const events = readLastEvents(folder);
  // An ended run's last event says so; where none of the newest tells a state, the run was under way.
  const last = lastState(events) ?? underWay(events.at(-1));
  if (!last || endStates.includes(last.state)) return false;
  const which = holder === undefined ? 'The trainer' : `The trainer (process ${holder})`;
  log.append('interrupted', { step: last.step, reason: reason ?? `${which} ended without saving.` });
  return true;
}

function underWay(newest: RunEvent | undefined): { state: RunState; step: number } | undefined {
  if (newest === undefined) return undefined;
  return { state: 'running', step: newest.type === 'resumed' ? newest.data.fromStep : newest.data.step };
}

class LockedFolder implements FolderLedger {
  readonly folder: string;
  readonly #log: EventLog;
  readonly #release: () => void;
  readonly #listeners = new Set<(event: RunEvent) => void>();

  constructor(folder: string, log: EventLog, release: () => void) {
    this.folder = folder;
    this.#log = log;
    this.#release = release;
  }

  get lastSeq(): number {
    return this.#log.lastSeq;
  }

  async append<T extends EventType>(type: T, data: EventData<T>): Promise<void> {
    const event = this.#log.append(type, data);
    for (const listener of this.#listeners) listener(event);
  }

  onAppend(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  writeSamples: RunLedger['writeSamples'] = (step, lines) => writeSampleFile(this.folder, step, lines);

  readSamples: RunLedger['readSamples'] = (step) => readStepSamples(this.folder, step);

  saveCheckpoint: RunLedger['saveCheckpoint'] = (contents, keep) => saveCheckpointFolder(this.folder, contents, keep);

  newestCheckpoint: RunLedger['newestCheckpoint'] = () =>
    newestCheckpoint(this.folder, (step, message) => this.append('note', { step, level: 'warning', message }));

  writeSummary: RunLedger['writeSummary'] = (summary) => writeSummary(this.folder, summary);

  writeRun(record: RunRecord): Promise<void> {
    return writeRunRecord(this.folder, record);
  }

  readRun(): RunRecord {
    return readRunRecord(this.folder);
  }

  takeControlRequests(): ControlRequest[] {
    return takeControlRequests(this.folder);
  }

  close(): void {
    this.#log.close();
    this.#release();
  }
}
