// After an update of the extension the server of the version before still runs, with its live runs. They go on and are
// shown; the person is asked once whether to move them: finish the step, save, end, resume on the new version.
import * as vscode from 'vscode';
import { rewardSettings } from '../rewards/reward-settings';
import type { RunList } from '../watch/run-list';
import type { ServerConnection } from './server-connection';

export interface VersionChangeOptions {
  readonly version: string;
  readonly connection: ServerConnection;
  readonly list: RunList;
  readonly log: vscode.LogOutputChannel;
}

export class VersionChange {
  private asked: number | undefined;

  constructor(private readonly options: VersionChangeOptions) {
    options.connection.onDidChangeState((state) => {
      if (state.kind !== 'connected' || state.version === options.version || state.pid === this.asked) return;
      this.asked = state.pid;
      void this.ask(state.version, state.pid);
    });
  }

  private async ask(old: string, pid: number): Promise<void> {
    const { version, log } = this.options;
    const move = `Move to ${version}`;
    const answer = await vscode.window.showInformationMessage(
      `SuperRL was updated to ${version}; the server that runs is still ${old}, and live runs go on in it. Moving finishes their step, saves them and resumes them on ${version}.`,
      move,
    );
    if (answer !== move) return;
    try {
      await this.move(pid);
    } catch (error) {
      log.error(error instanceof Error ? error : String(error));
      void vscode.window.showErrorMessage(`Not all runs could be moved; they are saved and can be resumed. ${error}`);
    }
  }

  private async move(pid: number): Promise<void> {
    const { connection, list } = this.options;
    await list.refresh();
    const live = list.all.filter((run) => run.live && run.state !== 'queued').map(({ run }) => run);
    const next = new Promise<void>((resolve) => {
      const waiting = connection.onDidChangeState((state) => {
        if (state.kind !== 'connected' || state.pid === pid) return;
        waiting.dispose();
        resolve();
      });
    });
    // It ends its trainers in good order first; on Windows they notice that it has gone, and save.
    process.kill(pid, 'SIGTERM');
    await next;
    for (const run of live) await resumeWhenEnded(connection, run);
    await list.refresh();
  }
}

const endMs = 120_000;
const pollMs = 500;

/** Runs that were started in a terminal stay live, and are left alone. */
async function resumeWhenEnded(connection: ServerConnection, run: string): Promise<void> {
  for (const deadline = Date.now() + endMs; Date.now() < deadline; ) {
    const { summary } = await connection.request('readRun', { run });
    if (!summary.live) {
      if (summary.resumable) await connection.request('resumeRun', { run, settings: rewardSettings() });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
