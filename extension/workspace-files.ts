// The run files, reward files and runs directories of the open folders, kept up to date.
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ParsedRunFile } from '../backend/protocol/run-config';
import { parseRunFile } from '../backend/protocol/run-file';
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

/** A run file without mistakes. */
export interface ReadRunFile {
  readonly file: string;
  readonly parsed: ParsedRunFile;
}

export class WorkspaceFiles implements vscode.Disposable {
  private readonly changes = new Listeners<void>();
  readonly onDidChange = this.changes.on;
  private found: Record<Pattern, readonly vscode.Uri[]> = { runFiles: [], rewardFiles: [], runRecords: [] };
  private readonly disposables: vscode.Disposable[] = [];
  private timer: NodeJS.Timeout | undefined;
  private read: Promise<ReadRunFile[]> | undefined;

  constructor() {
    const forget = () => {
      this.read = undefined;
    };
    for (const pattern of Object.values(patterns)) {
      const watcher = vscode.workspace.createFileSystemWatcher(pattern, false, pattern !== patterns.runFiles, false);
      watcher.onDidChange(forget);
      watcher.onDidCreate(() => this.refreshSoon());
      watcher.onDidDelete(() => this.refreshSoon());
      this.disposables.push(watcher);
    }
    this.disposables.push(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.path.endsWith('.superrl.json')) forget();
      }),
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

  /** The run files without mistakes, as they are in the editor; parsed again only when one of them has changed. */
  readRunFiles(): Promise<ReadRunFile[]> {
    this.read ??= Promise.all(this.found.runFiles.map(readRunFile)).then((all) => all.flat());
    return this.read;
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
    this.read = undefined;
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

/** The folder of a file as a person names it: nothing in the one open folder, whose path tells nothing new. */
export function folderText({ fsPath }: vscode.Uri): string {
  const folder = dirname(fsPath);
  const open = vscode.workspace.workspaceFolders ?? [];
  const root = open.find(({ uri }) => uri.fsPath === folder);
  if (!root) return vscode.workspace.asRelativePath(folder);
  return open.length === 1 ? '' : root.name;
}

async function readRunFile(uri: vscode.Uri): Promise<ReadRunFile[]> {
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    const { parsed } = parseRunFile(document.getText(), uri.fsPath);
    return parsed ? [{ file: uri.fsPath, parsed }] : [];
  } catch {
    return []; // deleted meanwhile
  }
}
