// The runs that this window shows, as the server lists them, and what may be done with each.
import { basename, dirname } from 'node:path';
import type { RunSummary } from '../../backend/protocol/messages';
import type { RunMark } from '../contributions/views';
import { Listeners } from '../listeners';
import type { ServerConnection } from '../server/server-connection';

export interface RunListOptions {
  readonly connection: Pick<ServerConnection, 'request' | 'onRunsChanged' | 'onDidChangeState'>;
  readonly directories: () => string[];
  readonly onProblem: (error: unknown) => void;
}

export class RunList {
  private readonly changes = new Listeners<readonly RunSummary[]>();
  readonly onDidChange = this.changes.on;
  private listed: readonly RunSummary[] = [];
  private refreshing: Promise<void> | undefined;
  private again = false;
  /** Runs of other folders that the person opened or started here. */
  private readonly extra = new Set<string>();

  constructor(private readonly options: RunListOptions) {
    options.connection.onRunsChanged(() => void this.refresh());
    options.connection.onDidChangeState((state) => {
      if (state.kind === 'connected') void this.refresh();
    });
  }

  /** Newest first. */
  get all(): readonly RunSummary[] {
    return this.listed;
  }

  get(run: string): RunSummary | undefined {
    return this.listed.find((summary) => summary.run === run);
  }

  /** Also lists the runs of this directory from now on. */
  addDirectory(directory: string): void {
    this.extra.add(directory);
  }

  /** Never rejects; one at a time, the last call always sees a fresh list. */
  refresh(): Promise<void> {
    if (this.refreshing) {
      this.again = true;
      return this.refreshing;
    }
    this.refreshing = this.list().finally(() => {
      this.refreshing = undefined;
      if (this.again) {
        this.again = false;
        void this.refresh();
      }
    });
    return this.refreshing;
  }

  private async list(): Promise<void> {
    const directories = [...new Set([...this.options.directories(), ...this.extra])];
    try {
      const { runs } =
        directories.length === 0 ? { runs: [] } : await this.options.connection.request('listRuns', { directories });
      this.listed = runs;
      this.changes.fire(runs);
    } catch (error) {
      this.options.onProblem(error);
    }
  }
}

/** What can be done with a run now. */
export function runMarks(run: RunSummary): RunMark[] {
  const marks: RunMark[] = [];
  if (run.live && (run.state === 'running' || run.state === 'preparing')) marks.push('pausable');
  if (run.state === 'paused' || (run.resumable && !run.live)) marks.push('resumable');
  if (run.live && run.state !== 'stopping') marks.push('running');
  if (run.checkpoints.length > 0) marks.push('checkpoints');
  return marks;
}

/** "step 120 · 45 % · reward 0.42 · pass@1 0.31 · onnx", what is known of it. */
export function runDescription(run: RunSummary): string {
  if (run.state === 'queued') return run.reason ?? 'queued';
  const heldOut = Object.entries(run.heldOut ?? {})[0];
  return [
    run.state,
    `step ${run.step}`,
    run.live ? `${Math.round(run.progress * 100)} %` : undefined,
    run.reward === undefined ? undefined : `reward ${run.reward.toFixed(2)}`,
    heldOut ? `${heldOut[0].replace(/^eval\//, '')} ${heldOut[1].toFixed(2)}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

/**
 * Runs lie in `runs` beside their run file unless the setting says otherwise, in folders named after its `name` (when
 * that can be read) and the time.
 */
export function newestRunOf(runFile: string, name: string | undefined, runs: readonly RunSummary[]) {
  const folder = dirname(runFile);
  const isNamed = (run: string) =>
    name === undefined || /^\d{8}-\d{6}(-\d+)?$/.test(basename(run).slice(name.length + 1));
  return runs.find(
    ({ run, state }) =>
      state !== 'queued' &&
      dirname(dirname(run)) === folder &&
      basename(run).startsWith(name === undefined ? '' : `${name}-`) &&
      isNamed(run),
  );
}
