// Marks every mistake of an open run file, by the parser that the backend reads it with. What only the backend can
// know (data that is missing, a model that does not fit) is said when a run is started.
import * as vscode from 'vscode';
import { parseRunFile, type RunFileProblem } from '../../backend/protocol/run-file';
import { suggestion } from './suggestion';

const source = 'SuperRL';

export function isRunFile(uri: vscode.Uri): boolean {
  return uri.scheme === 'file' && uri.path.endsWith('.superrl.json');
}

export class RunFileDiagnostics implements vscode.CodeActionProvider, vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection('SuperRL');
  private readonly disposables: vscode.Disposable[];

  constructor() {
    for (const document of vscode.workspace.textDocuments) this.check(document);
    this.disposables = [
      this.collection,
      vscode.workspace.onDidOpenTextDocument((document) => this.check(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.check(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.collection.delete(uri)),
    ];
  }

  /** A key or value that is nearly one that exists is made that one. */
  provideCodeActions(
    { uri }: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    return diagnostics.flatMap((diagnostic) => {
      const meant = diagnostic.source === source ? suggestion(diagnostic.message) : undefined;
      if (meant === undefined) return [];
      const fix = new vscode.CodeAction(`Change to "${meant}"`, vscode.CodeActionKind.QuickFix);
      fix.edit = new vscode.WorkspaceEdit();
      fix.edit.replace(uri, diagnostic.range, JSON.stringify(meant));
      fix.diagnostics = [diagnostic];
      fix.isPreferred = true;
      return [fix];
    });
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private check(document: vscode.TextDocument): void {
    if (!isRunFile(document.uri)) return;
    const { problems } = parseRunFile(document.getText(), document.uri.fsPath);
    this.collection.set(
      document.uri,
      problems.map((problem) => diagnosticOf(problem, document)),
    );
  }
}

function diagnosticOf({ message, place, length }: RunFileProblem, document: vscode.TextDocument): vscode.Diagnostic {
  const start = new vscode.Position((place.line ?? 1) - 1, (place.column ?? 1) - 1);
  const end = document.positionAt(document.offsetAt(start) + Math.max(length, 1));
  const diagnostic = new vscode.Diagnostic(new vscode.Range(start, end), message, vscode.DiagnosticSeverity.Error);
  diagnostic.source = source;
  return diagnostic;
}
