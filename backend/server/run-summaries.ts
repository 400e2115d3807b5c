// Runs as windows list them, from their files. Kept a run and read again only when one of its files changed,
// so that listing many finished runs again costs some file stats.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fromLoggedNumber, type LoggedNumber } from '../protocol/events';
import type { RunSummary } from '../protocol/messages';
import { bestCheckpointStep, checkpointPath } from '../trainer/run-folder/checkpoint-folder';
import { markInterrupted } from '../trainer/run-folder/open-run-ledger';
import { eventLogPath } from '../trainer/run-folder/read-events';
import { describeRun, type ListedRun } from '../trainer/run-folder/run-listing';
import { runLockPath, runLockState } from '../trainer/run-folder/run-lock';
import { runFoldersIn } from './run-directory';

interface Kept {
  version: string;
  summary: RunSummary;
}

export class RunSummaries {
  readonly #kept = new Map<string, Kept>();
  readonly #alarms = new Map<string, AlarmCount>();

  /** `readOnly`: nothing is appended to runs whose trainer died; they are only shown as interrupted. */
  constructor(private readonly readOnly: boolean) {}

  /** Newest first. */
  async list(directories: readonly string[]): Promise<RunSummary[]> {
    const summaries: RunSummary[] = [];
    for (const directory of new Set(directories)) {
      for (const run of await runFoldersIn(directory)) {
        summaries.push(await this.of(run));
        await nextTurn();
      }
    }
    return summaries.sort((a, b) => b.changedAt - a.changedAt || (a.run < b.run ? 1 : -1));
  }

  async of(run: string): Promise<RunSummary> {
    const lock = runLockState(run).state;
    if (lock === 'dead' && !this.readOnly) markInterrupted(run, 'The trainer ended without saving.');
    const version = `${lock} ${await filesVersion(run)}`;
    const kept = this.#kept.get(run);
    if (kept?.version === version) return kept.summary;
    const summary = summaryOf(describeRun(run), lock === 'alive' || lock === 'unknown', await this.#alarmsOf(run));
    this.#kept.set(run, { version, summary });
    return summary;
  }

  async #alarmsOf(run: string): Promise<number> {
    const count = this.#alarms.get(run) ?? new AlarmCount(eventLogPath(run));
    this.#alarms.set(run, count);
    return count.upToNow();
  }
}

function summaryOf(listed: ListedRun, live: boolean, alarms: number): RunSummary {
  const { folder, id, record, state, problem, step, progress, reward, evaluation, checkpoints, changedAt } = listed;
  const best = bestCheckpointStep(folder);
  return {
    run: folder,
    name: id,
    method: record?.config.method ?? '',
    state,
    ...(problem === undefined ? {} : { reason: problem }),
    live,
    resumable: !live && (state === 'interrupted' || (state === 'failed' && checkpoints.length > 0)),
    engine: record ? `${record.engine.engine} on ${record.engine.device}` : '',
    ...(record?.engineReason === undefined ? {} : { engineReason: record.engineReason }),
    step,
    progress,
    ...(reward === undefined || !Number.isFinite(reward) ? {} : { reward }),
    ...(evaluation ? { heldOut: finiteValues(evaluation.values) } : {}),
    checkpoints: checkpoints.map((at) => ({ step: at, path: checkpointPath(folder, at), best: at === best })),
    alarms,
    startedAt: record ? Date.parse(record.createdAt) : changedAt,
    changedAt,
  };
}

function finiteValues(values: Readonly<Record<string, LoggedNumber>>): Record<string, number> {
  const numbers = Object.entries(values).map(([name, value]) => [name, fromLoggedNumber(value)] as const);
  return Object.fromEntries(numbers.filter(([, value]) => Number.isFinite(value)));
}

/** Changes whenever a file does from which a summary is made. */
export async function filesVersion(run: string): Promise<string> {
  const files = [eventLogPath(run), join(run, 'run.json'), join(run, 'checkpoints'), runLockPath(run)];
  const versions = await Promise.all(
    files.map(async (file) => {
      const stats = await stat(file).catch(() => undefined); // not there (yet)
      return stats ? `${stats.size}/${stats.mtimeMs}` : '-';
    }),
  );
  return versions.join(' ');
}

const alarmMark = Buffer.from('"type":"alarm","data":{');
const pieceBytes = 1 << 20;

/** How many alarms a log holds, counted on from where the last count ended; text in values can't look like it. */
class AlarmCount {
  #offset = 0;
  #count = 0;
  #counting: Promise<number> = Promise.resolve(0);

  constructor(private readonly file: string) {}

  upToNow(): Promise<number> {
    this.#counting = this.#counting.then(() => this.#countOn());
    return this.#counting;
  }

  async #countOn(): Promise<number> {
    let handle: FileHandle;
    try {
      handle = await open(this.file, 'r');
    } catch {
      return this.#count; // no log (yet)
    }
    try {
      const piece = Buffer.alloc(pieceBytes);
      for (;;) {
        const { bytesRead } = await handle.read(piece, 0, pieceBytes, this.#offset);
        const end = bytesRead === 0 ? -1 : piece.lastIndexOf(0x0a, bytesRead - 1);
        if (end < 0) return this.#count;
        for (let at = piece.indexOf(alarmMark); at >= 0 && at < end; at = piece.indexOf(alarmMark, at + 1)) {
          this.#count++;
        }
        this.#offset += end + 1;
      }
    } finally {
      await handle.close();
    }
  }
}
