// A run from its first line to its last: prepare, open the run folder, train or go on training, close the books.
import { dirname, join } from 'node:path';
import { version } from '../../package.json';
import { errorText, SuperRlError } from '../protocol/errors';
import { takeUpCheckpoint } from './checkpoint';
import { type PreparedRun, prepareRun } from './prepare-run';
import { type ConfigChange, changeOnResume, describeChanges } from './resume-changes';
import type { Run } from './run';
import type { RunControl } from './run-control';
import { createRunFolder } from './run-folder/folder-name';
import { type FolderLedger, openRunLedger } from './run-folder/open-run-ledger';
import { describeMachine, type RunRecord, readRunRecord } from './run-folder/run-json';
import { checkRunInputs, hashRunInputs, type RunInput } from './run-inputs';
import { type TrainOutcome, train } from './train';
import type { StartMessage } from './trainer-messages';
import { initialTrainerState } from './trainer-state';

export interface TrainRunHooks {
  readonly control: RunControl;
  /** The run folder exists and its log is open. */
  readonly onOpened: (folder: string) => void;
}

/**
 * Trains a new run, or goes on with one from its newest checkpoint.
 * @throws whatever ends the run before its time; once the folder is open its log says so too (`error`, state failed).
 */
export async function trainRun(start: StartMessage, hooks: TrainRunHooks): Promise<TrainOutcome> {
  const record = start.resume === undefined ? undefined : readRunRecord(start.resume);
  const inputNotes = record?.inputs ? await checkRunInputs(record.inputs, dirname(record.runFile)) : [];
  const resumed = record && changeOnResume(record.config, start.overrides);
  const prepared = await prepareRun({
    runFile: record?.runFile ?? start.runFile,
    overrides: record ? [] : start.overrides,
    rewardHosts: start.rewardHosts,
    stored: record && resumed && { config: resumed.config, engine: record.engine.engine, plan: record.plan },
  });
  let scorer = prepared.scorer;
  try {
    const runsDirectory = start.runsDirectory ?? join(dirname(start.runFile), 'runs');
    const folder = start.resume ?? createRunFolder(runsDirectory, prepared.config.name);
    const ledger = await openRunLedger({ folder, mode: record ? 'resume' : 'create' });
    hooks.control.readRequestsFrom(() => ledger.takeControlRequests());
    const run: Run = {
      ...prepared,
      ledger,
      control: hooks.control,
      state: initialTrainerState(),
      now: () => performance.now(),
      pausedMs: 0,
    };
    try {
      if (!record) {
        const inputs = await hashRunInputs(prepared.config, dirname(prepared.runFile));
        await ledger.writeRun(describeRun(folder, prepared, inputs));
      }
      hooks.onOpened(folder);
      return await trainOpened(run, ledger, prepared, resumed && { inputNotes, changes: resumed.changes });
    } finally {
      scorer = run.scorer;
      ledger.close();
    }
  } finally {
    await scorer.close();
    await prepared.close();
  }
}

async function trainOpened(
  run: Run,
  ledger: FolderLedger,
  prepared: PreparedRun,
  resumed: { readonly inputNotes: readonly string[]; readonly changes: readonly ConfigChange[] } | undefined,
): Promise<TrainOutcome> {
  try {
    if (resumed) await takeUp(run, ledger, resumed.changes);
    else await ledger.append('state', { state: 'preparing', step: 0 });
    const { step } = run.state;
    await ledger.append('note', { step, level: 'info', message: engineNote(prepared) });
    for (const message of resumed?.inputNotes ?? []) await ledger.append('note', { step, level: 'warning', message });
    for (const note of prepared.notes) await ledger.append('note', { step, ...note });
    return await train(run);
  } catch (error) {
    await logFailure(run, error);
    throw error;
  }
}

/** Continues from the newest checkpoint; a run interrupted before its first one begins anew. */
async function takeUp(run: Run, ledger: FolderLedger, changes: readonly ConfigChange[]): Promise<void> {
  const stored = await ledger.newestCheckpoint();
  if (stored) {
    Object.assign(run.state, stored.state);
    await takeUpCheckpoint(run, stored);
  }
  const { step } = run.state;
  await ledger.append('resumed', { fromStep: step });
  if (changes.length === 0) return;
  const record = ledger.readRun();
  const change = { at: new Date().toISOString(), step, fields: [...changes] };
  await ledger.writeRun({ ...record, config: run.config, changes: [...(record.changes ?? []), change] });
  await ledger.append('note', { step, level: 'info', message: `Changed on resume: ${describeChanges(changes)}.` });
}

async function logFailure(run: Run, error: unknown): Promise<void> {
  const { step } = run.state;
  const message = errorText(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const code = error instanceof SuperRlError ? error.code : 'internal';
  await run.ledger.append('error', { step, code, message, ...(stack !== undefined && { stack }) });
  await run.ledger.append('state', { state: 'failed', step, reason: message });
}

function engineNote({ engine, engineReason }: PreparedRun): string {
  return `Engine ${engine.description.engine} on ${engine.description.device}. ${engineReason}`;
}

function describeRun(
  folder: string,
  { config, runFile, engine, engineReason }: PreparedRun,
  inputs: RunInput[],
): RunRecord {
  return {
    format: 1,
    id: folder.slice(dirname(folder).length + 1),
    superrl: version,
    createdAt: new Date().toISOString(),
    runFile,
    config,
    machine: describeMachine(),
    engine: engine.description,
    plan: engine.plan,
    engineReason,
    inputs,
  };
}
