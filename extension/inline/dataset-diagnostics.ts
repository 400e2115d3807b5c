// Rows and traces of open data files that a run can't use (duplicates, a missing answer, an empty prompt…) as problems.
// Looked for when a file is opened and when it is saved; row-code-actions.ts has what can be done about them.
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { WorkspaceFiles } from '../workspace-files';
import type { DatasetInspections } from './dataset-inspections';
import { dataLanguage } from './record-text';

const source = 'SuperRL data';
/** Of this check, and of the audit of traces. */
export const auditSource = 'SuperRL audit';
export const dataDiagnosticSources: ReadonlySet<string> = new Set([source, auditSource]);

export class DatasetDiagnostics implements vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection(source);
  private readonly disposables: { dispose(): unknown }[];

  constructor(
    private readonly inspections: DatasetInspections,
    files: WorkspaceFiles,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const check = (document: vscode.TextDocument) => void this.check(document);
    const checkOpen = () => vscode.workspace.textDocuments.forEach(check);
    this.disposables = [
      this.collection,
      files.onDidChange(checkOpen),
      vscode.workspace.onDidOpenTextDocument(check),
      vscode.workspace.onDidSaveTextDocument(check),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.collection.delete(uri)),
    ];
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async check({ uri }: vscode.TextDocument): Promise<void> {
    if (uri.scheme !== 'file' || dataLanguage(uri.path) === undefined) return;
    try {
      const use = await this.inspections.useOf(uri.fsPath);
      const inspection = use && (await this.inspections.inspect(use));
      const { report, coverage } = inspection ?? {};
      const problems = [...(report?.problems ?? []), ...(coverage?.problems ?? [])];
      const here = problems.filter(({ place }) => place.file === uri.fsPath && place.line !== undefined);
      this.collection.set(
        uri,
        here.map(({ kind, place, reason }) => {
          const line = (place.line ?? 1) - 1;
          const range = new vscode.Range(line, 0, line, Number.MAX_SAFE_INTEGER);
          const diagnostic = new vscode.Diagnostic(range, reason, vscode.DiagnosticSeverity.Warning);
          diagnostic.source = source;
          diagnostic.code = kind;
          return diagnostic;
        }),
      );
    } catch (error) {
      this.collection.delete(uri);
      this.log.debug(`${uri.fsPath}: ${errorText(error)}`);
    }
  }
}
