// Lenses at the head of a run file: start it, go on with its interrupted run, probe how sparse its reward is.
import * as vscode from 'vscode';
import { parseRunFile } from '../../backend/protocol/run-file';
import type { CommandId } from '../contributions/commands';
import { newestRunOf, type RunList, runMarks } from '../watch/run-list';
import { isRunFile } from './run-file-diagnostics';

export class RunFileCodeLens implements vscode.CodeLensProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(private readonly list: RunList) {
    list.onDidChange(() => this.changed.fire());
    vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire());
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!isRunFile(document.uri)) return [];
    const head = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: CommandId, argument: unknown) =>
      new vscode.CodeLens(head, { title, command, arguments: [argument] });
    const { parsed } = parseRunFile(document.getText(), document.uri.fsPath);
    const newest = newestRunOf(document.uri.fsPath, parsed?.name, this.list.all);
    const watch = newest ? [lens('$(graph-line) Dashboard', 'superrl.openDashboard', newest.run)] : [];
    if (!vscode.workspace.isTrusted) return watch;
    const resumable = newest && runMarks(newest).includes('resumable');
    return [
      lens('$(play) Start Training', 'superrl.startTraining', document.uri),
      ...(resumable ? [lens(`$(debug-continue) Resume at Step ${newest.step}`, 'superrl.resume', newest.run)] : []),
      lens('$(pulse) Probe Sparsity', 'superrl.probeSparsity', document.uri),
      ...watch,
    ];
  }
}
