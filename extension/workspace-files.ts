// The run files, reward files and runs directories of the open folders, kept up to date.
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { Listeners } from './listeners';
import { setting } from './setting';

const patterns = {
  runFiles: '**/*.superrl.json',
  rewardFiles: '**/*.reward.{ts,js,mjs,py}',
  runRecords: '**/runs/*/run.json',
} as const;
type Pattern = keyof typeof patterns;

const excluded = '**/{node_modules,.git,checkpoints,samples}/**';
const mostFiles = 500;
const settleMs = 300;

export class WorkspaceFiles implements vscode.Disposable {
  private readonly changes = new Listeners<void>();
  readonly onDidChange = this.changes.on;
  private found: Record<Pattern, readonly vscode.Uri[]> = { runFiles: [], rewardFiles: [], runRecords: [] };
  private readonly disposables: vscode.Disposable[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    for (const pattern of Object.values(patterns)) {
      const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, true, false);
      watcher.onDidCreate(() => this.refreshSoon());
      watcher.onDidDelete(() => this.refreshSoon());
      this.disposables.push(watcher);
    }
    this.disposables.push(
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.refreshSoon()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('superrl.runsDirectory')) this.changes.fire();
      }),
    );
  }

  get runFiles(): readonly vscode.Uri[] {
    return this.found.runFiles;
  }

  get rewardFiles(): readonly vscode.Uri[] {
    return this.found.rewardFiles;
  }

  /** Absolute folders that may hold runs: the setting's, those beside run files, and those that runs were found in. */
  runsDirectories(): string[] {
    const own = setting('superrl.runsDirectory');
    return [
      ...new Set([
        ...(own === '' ? [] : [own]),
        ...this.found.runFiles.map(({ fsPath }) => join(dirname(fsPath), 'runs')),
        ...this.found.runRecords.map(({ fsPath }) => dirname(dirname(fsPath))),
      ]),
    ];
  }

  async refresh(): Promise<void> {
    const find = (pattern: Pattern) => vscode.workspace.findFiles(patterns[pattern], excluded, mostFiles);
    const [runFiles, rewardFiles, runRecords] = await Promise.all([
      find('runFiles'),
      find('rewardFiles'),
      find('runRecords'),
    ]);
    const byPath = (a: vscode.Uri, b: vscode.Uri) => a.fsPath.localeCompare(b.fsPath);
    this.found = { runFiles: runFiles.sort(byPath), rewardFiles: rewardFiles.sort(byPath), runRecords };
    this.changes.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), settleMs);
  }
}
