// One status bar item while a run is live: step, reward, share of steps learnt from traces. A click opens its
// dashboard. Without a live run it says when the server can't be reached, and is hidden else.
import * as vscode from 'vscode';
import type { RunSummary } from '../backend/protocol/messages';
import type { CommandId } from './contributions/commands';
import type { Subscription } from './listeners';
import type { ServerConnection } from './server/server-connection';
import { sftShareOf, statusText } from './status-text';
import type { RunList } from './watch/run-list';

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('superrl.run', vscode.StatusBarAlignment.Left, 10);
  private readonly disposables: Subscription[];
  private shown: RunSummary | undefined;
  private following: Subscription | undefined;
  private sftShare: number | undefined;

  constructor(
    private readonly list: RunList,
    private readonly connection: ServerConnection,
  ) {
    this.item.name = 'SuperRL';
    this.disposables = [
      this.item,
      list.onDidChange(() => this.update()),
      connection.onDidChangeState(() => this.update()),
    ];
  }

  dispose(): void {
    this.following?.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private update(): void {
    const live = this.list.all.filter((run) => run.live);
    const [newest] = live;
    if (newest?.run !== this.shown?.run) this.follow(newest);
    this.shown = newest;
    const { state } = this.connection;
    if (newest) this.showRun(newest, live.length);
    else if (state.kind === 'waiting') this.showWaiting(state.error.message);
    else this.item.hide();
  }

  private showRun(run: RunSummary, live: number): void {
    this.item.text = `$(pulse) ${statusText(run, this.sftShare)}${live > 1 ? ` (+${live - 1})` : ''}`;
    this.item.tooltip = `SuperRL: ${run.name} is ${run.state}. Click for the dashboard.`;
    this.item.backgroundColor = undefined;
    const command: CommandId = 'superrl.openDashboard';
    this.item.command = { command, title: 'Open Dashboard', arguments: [run.run] };
    this.item.accessibilityInformation = { label: `SuperRL run ${run.name}, ${statusText(run, this.sftShare)}` };
    this.item.show();
  }

  private showWaiting(reason: string): void {
    this.item.text = '$(debug-disconnect) SuperRL reconnects…';
    this.item.tooltip = `${reason} It is tried again by itself; click to try now.`;
    this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
    this.item.command = 'superrl.refreshRuns' satisfies CommandId;
    this.item.show();
  }

  /** The list says step and reward; the share of the switch is in the events. */
  private follow(run: RunSummary | undefined): void {
    this.following?.dispose();
    this.following = undefined;
    this.sftShare = undefined;
    if (!run) return;
    this.following = this.connection.follow(
      run.run,
      1,
      (events) => {
        this.sftShare = sftShareOf(events) ?? this.sftShare;
      },
      () => undefined, // the dashboard and the list say what is wrong
    );
  }
}
