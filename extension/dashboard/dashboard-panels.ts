// The dashboards of this window: one a run or comparison, opened again after a reload of the window with the same runs.
import * as vscode from 'vscode';
import { webviewStateSchema } from '../../backend/protocol/dashboard';
import { dashboardViewType } from '../contributions/views';
import type { ServerConnection } from '../server/server-connection';
import type { RunList } from '../watch/run-list';
import { newNonce, webviewPage } from '../webview-page';
import { DashboardPanel } from './dashboard-panel';

export interface DashboardPanelsOptions {
  readonly extensionUri: vscode.Uri;
  readonly connection: ServerConnection;
  readonly list: RunList;
  readonly log: vscode.LogOutputChannel;
}

export class DashboardPanels implements vscode.WebviewPanelSerializer {
  private readonly open = new Set<DashboardPanel>();
  private readonly assets: vscode.Uri;

  constructor(private readonly options: DashboardPanelsOptions) {
    this.assets = vscode.Uri.joinPath(options.extensionUri, 'dist');
  }

  /** Shows the dashboard of a run, or of several to compare. */
  show(runs: readonly string[]): void {
    for (const dashboard of this.open) {
      if (dashboard.runs.length === runs.length && dashboard.runs.every((run, index) => run === runs[index])) {
        dashboard.reveal();
        return;
      }
    }
    // The place that one was at, a group of samples, is still there after a look at the reward function.
    const panel = vscode.window.createWebviewPanel(dashboardViewType, 'SuperRL', vscode.ViewColumn.Active, {
      retainContextWhenHidden: true,
    });
    this.fill(panel, runs);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const stored = webviewStateSchema.safeParse(state);
    if (stored.success && stored.data.runs.length > 0) this.fill(panel, stored.data.runs);
    else panel.dispose(); // a page that was closed before it knew its run
  }

  private fill(panel: vscode.WebviewPanel, runs: readonly string[]): void {
    const { webview } = panel;
    const asset = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(this.assets, name)).toString();
    webview.options = { enableScripts: true, localResourceRoots: [this.assets] };
    panel.iconPath = vscode.Uri.joinPath(this.options.extensionUri, 'media', 'superrl-tab.svg');
    const { connection, list, log } = this.options;
    const dashboard = new DashboardPanel({ panel, runs, connection, list, log });
    this.open.add(dashboard);
    panel.onDidDispose(() => this.open.delete(dashboard));
    webview.html = webviewPage(
      { script: asset('webview.js'), style: asset('webview.css'), title: 'SuperRL', state: { runs: [...runs] } },
      webview.cspSource,
      newNonce(),
    );
  }
}
