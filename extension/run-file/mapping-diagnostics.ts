// In open run files: a dataset whose prompt no layout tells, and one without an answer where a reward compares with it.
// Quick fixes name the columns there are. Looked for when a run file is opened, and when it is saved.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { BuiltInRewardName } from '../../backend/protocol/run-config';
import { locateProblems, parseRunFile } from '../../backend/protocol/run-file';
import { type Inspection, inspectionSchema } from '../data/inspection';
import { mappingAction } from '../inline/row-code-actions';
import { otherColumns } from '../inline/row-fixes';
import type { ServerConnection } from '../server/server-connection';
import { isRunFile } from './run-file-diagnostics';

const source = 'SuperRL mapping';
/** Rows in which columns are looked for. */
const firstRows = 20;
const mostColumns = 8;
const compareWithAnswer: ReadonlySet<BuiltInRewardName> = new Set(['gsm8k', 'boxed', 'exact']);

type Field = 'prompt' | 'answer';

export class MappingDiagnostics implements vscode.CodeActionProvider, vscode.Disposable {
  private readonly collection = vscode.languages.createDiagnosticCollection(source);
  private readonly disposables: { dispose(): unknown }[];
  /** By run file: the columns that may fill what is missing. */
  private readonly columns = new Map<string, readonly string[]>();

  constructor(
    private readonly connection: Pick<ServerConnection, 'request'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const check = (document: vscode.TextDocument) => void this.check(document);
    vscode.workspace.textDocuments.forEach(check);
    this.disposables = [
      this.collection,
      vscode.workspace.onDidOpenTextDocument(check),
      vscode.workspace.onDidSaveTextDocument(check),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.collection.delete(uri)),
    ];
  }

  provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    return diagnostics.flatMap((diagnostic) => {
      if (diagnostic.source !== source) return [];
      const names = this.columns.get(document.uri.fsPath) ?? [];
      return names.slice(0, mostColumns).map((name) => {
        const fix = mappingAction(document, diagnostic.code as Field, name, 'of the dataset');
        fix.diagnostics = [diagnostic];
        return fix;
      });
    });
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { uri } = document;
    if (!isRunFile(uri)) return;
    const text = document.getText();
    const { parsed } = parseRunFile(text, uri.fsPath);
    if (!parsed) {
      this.collection.delete(uri); // its mistakes are marked by themselves
      return;
    }
    const { train, map } = parsed.data;
    const file = resolve(dirname(uri.fsPath), train);
    try {
      const compares = parsed.rewards.some(({ use }) => use !== undefined && compareWithAnswer.has(use));
      const missing = await this.missing(file, map, compares);
      this.columns.set(uri.fsPath, missing?.columns ?? []);
      const found = missing ? [{ path: ['data', 'train'], message: missing.message }] : [];
      this.collection.set(
        uri,
        locateProblems(text, uri.fsPath, [], found).map(({ message, place, length }) => {
          const start = new vscode.Position((place.line ?? 1) - 1, (place.column ?? 1) - 1);
          const range = new vscode.Range(start, start.translate(0, length));
          const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Warning);
          diagnostic.source = source;
          diagnostic.code = missing?.field ?? '';
          return diagnostic;
        }),
      );
    } catch (error) {
      this.collection.delete(uri);
      this.log.debug(`${uri.fsPath}: ${errorText(error)}`); // no such file: said when the run is started
    }
  }

  private async missing(
    file: string,
    map: Readonly<Record<string, string>>,
    compares: boolean,
  ): Promise<{ field: Field; message: string; columns: readonly string[] } | undefined> {
    const columns = await this.columnsOf(file);
    let inspection: Inspection;
    try {
      inspection = inspectionSchema.parse(
        await this.connection.request('inspectData', { file, map, limit: firstRows }),
      );
    } catch (error) {
      // The rows can be read, and yet no prompt is found: the one mistake that a mapping mends.
      if (map.prompt !== undefined || !/is the prompt/.test(errorText(error))) throw error;
      return { field: 'prompt', message: errorText(error), columns };
    }
    if (!compares || inspection.mapping.some(({ field }) => field === 'answer')) return undefined;
    const message = `No column of ${basename(file)} is known to hold the answer, and a reward compares with it. Name it in data.map.answer.`;
    return { field: 'answer', message, columns: otherColumns(columns, inspection.mapping) };
  }

  private async columnsOf(file: string): Promise<string[]> {
    const { rows } = await this.connection.request('readRows', { file, from: 0, count: firstRows });
    return [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  }
}
