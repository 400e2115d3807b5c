// Failures of reward functions as problems at the line where they arose, with the completion one click away. They speak
// of the code that the run used: once the file is edited they are gone until another run has used it.
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { CommandId } from '../contributions/commands';
import { sampleUri } from '../documents/sample-documents';
import type { WorkspaceFiles } from '../workspace-files';
import { rewardFiles } from './reward-files';
import { type FailureSite, failureSites } from './reward-stats';
import type { RewardWatch, WatchedFunction } from './reward-watch';

const source = 'SuperRL reward';
const mostSites = 20;

/** A problem with the newest completion that it is about. */
interface ShownFailure {
  readonly diagnostic: vscode.Diagnostic;
  readonly place: { run: string; component: string; step: number; group: number; index: number };
}

export class RewardDiagnostics implements vscode.Disposable, vscode.CodeActionProvider {
  private readonly collection = vscode.languages.createDiagnosticCollection('SuperRL rewards');
  /** By file: the editor hands code actions copies of diagnostics. */
  private readonly shown = new Map<string, ShownFailure[]>();
  /** File → the run that its present text is newer than. */
  private readonly edited = new Map<string, string>();
  private readonly newest = new Map<string, string>();
  private readonly disposables: { dispose(): unknown }[];
  private refreshing = false;

  constructor(
    private readonly watch: RewardWatch,
    private readonly files: WorkspaceFiles,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.disposables = [
      this.collection,
      watch.onDidChange(() => void this.refresh()),
      files.onDidChange(() => void this.refresh()),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.changed(document.uri);
      }),
    ];
  }

  provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    const command: CommandId = 'superrl.debugReward';
    const title = 'Debug on this completion';
    return (this.shown.get(document.uri.fsPath) ?? []).flatMap(({ diagnostic, place }) => {
      const same = diagnostics.find(
        ({ message, range }) => message === diagnostic.message && range.start.isEqual(diagnostic.range.start),
      );
      if (!same) return [];
      const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
      action.command = { command, title, arguments: [place] };
      action.diagnostics = [same];
      action.isPreferred = true;
      return [action];
    });
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async refresh(): Promise<void> {
    if (this.refreshing) return;
    this.refreshing = true;
    try {
      for (const uri of await rewardFiles(this.files)) await this.show(uri);
    } finally {
      this.refreshing = false;
    }
  }

  private async show(uri: vscode.Uri): Promise<void> {
    try {
      const { functions } = await this.watch.of(uri.fsPath);
      const used = functions.filter(({ use }) => use && use.run !== this.edited.get(uri.fsPath));
      const run = functions.find(({ use }) => use)?.use?.run;
      if (run !== undefined) this.newest.set(uri.fsPath, run);
      const failures = used.flatMap(failuresOf);
      this.shown.set(uri.fsPath, failures);
      this.collection.set(
        uri,
        failures.map(({ diagnostic }) => diagnostic),
      );
    } catch (error) {
      this.collection.delete(uri);
      this.log.debug(`${uri.fsPath}: ${errorText(error)}`);
    }
  }

  private changed(uri: vscode.Uri): void {
    const run = this.newest.get(uri.fsPath);
    if (run === undefined) return;
    this.edited.set(uri.fsPath, run);
    this.collection.delete(uri);
  }
}

function failuresOf(found: WatchedFunction): ShownFailure[] {
  const { stats, use, file } = found;
  if (!stats || !use) return [];
  return failureSites(stats.failures, file)
    .slice(0, mostSites)
    .map((site) => {
      const diagnostic = failureDiagnostic(found, site, stats.completions);
      const { step, group, index } = site.example;
      const document = sampleUri({ run: use.run, step, group, part: { kind: 'completion', index } });
      const words = `the completion: step ${step}, group ${group + 1}, completion ${index + 1}`;
      const at = new vscode.Location(document, new vscode.Position(0, 0));
      diagnostic.relatedInformation = [new vscode.DiagnosticRelatedInformation(at, words)];
      return { diagnostic, place: { run: use.run, component: use.component, step, group, index } };
    });
}

function failureDiagnostic(
  { line: functionLine, use }: WatchedFunction,
  { line, column, reason, count }: FailureSite,
  completions: number,
): vscode.Diagnostic {
  const at = new vscode.Position((line ?? functionLine) - 1, line === undefined ? 0 : column - 1);
  const range = new vscode.Range(at, new vscode.Position(at.line, Number.MAX_SAFE_INTEGER));
  const share = `${count} of the newest ${completions.toLocaleString('en')} completions`;
  const diagnostic = new vscode.Diagnostic(
    range,
    `${use?.component ?? 'The reward'} is invalid on ${share}: ${reason}`,
    vscode.DiagnosticSeverity.Error,
  );
  diagnostic.source = source;
  return diagnostic;
}
