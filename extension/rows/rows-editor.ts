// The read-only editor of data files as pages of rows: what opens Parquet and compressed files, and text files that are
// too large for the text editor's extensions (large-files.ts) or that the person wants to see so.
import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { rowsViewTypes } from '../contributions/views';
import type { DatasetInspections } from '../inline/dataset-inspections';
import type { FileOutcomes } from '../inline/file-outcomes';
import type { ServerConnection } from '../server/server-connection';
import type { RunList } from '../watch/run-list';
import { newNonce, webviewPage } from '../webview-page';
import { RowsPanel } from './rows-panel';
import { viewReason } from './view-reason';

export interface RowsEditorOptions {
  readonly extensionUri: vscode.Uri;
  readonly connection: Pick<ServerConnection, 'request'>;
  readonly outcomes: FileOutcomes;
  readonly inspections: DatasetInspections;
  readonly runs: RunList;
  readonly log: vscode.LogOutputChannel;
}

export class RowsEditor implements vscode.CustomReadonlyEditorProvider {
  private readonly panels = new Map<string, Set<RowsPanel>>();
  /** Files that the person has opened as text from here: they stay so. */
  private readonly asText = new Set<string>();
  private wanted: { readonly file: string; readonly row: number } | undefined;

  constructor(private readonly options: RowsEditorOptions) {}

  /** Opens the file as rows; `row`: and goes there. */
  async show(uri: vscode.Uri, row?: number, column: vscode.ViewColumn = vscode.ViewColumn.Active): Promise<void> {
    const [open] = this.panels.get(uri.fsPath) ?? [];
    if (open && row !== undefined) {
      open.reveal(row);
      return;
    }
    if (row !== undefined) this.wanted = { file: uri.fsPath, row };
    const isBinary = /\.(parquet|gz)$/i.test(uri.path);
    await vscode.commands.executeCommand(
      'vscode.openWith',
      uri,
      isBinary ? rowsViewTypes.binary : rowsViewTypes.text,
      column,
    );
  }

  /** Whether a page of the file's rows is really to be seen, or would be if its tab were in front. */
  async isShown(file: string): Promise<boolean> {
    const open = [...(this.panels.get(file) ?? [])];
    return (await Promise.all(open.map((panel) => panel.isShown()))).includes(true);
  }

  isWantedAsText(file: string): boolean {
    return this.asText.has(file);
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    const file = uri.fsPath;
    const { extensionUri, ...services } = this.options;
    const assets = vscode.Uri.joinPath(extensionUri, 'dist');
    const asset = (name: string) => panel.webview.asWebviewUri(vscode.Uri.joinPath(assets, name)).toString();
    panel.webview.options = { enableScripts: true, localResourceRoots: [assets] };
    // A file that is gone is told of by the first rows that are asked for.
    const bytes = await stat(file).then(
      ({ size }) => size,
      () => 0,
    );
    const openAsText = async () => {
      this.asText.add(file);
      await vscode.commands.executeCommand('vscode.openWith', uri, 'default', panel.viewColumn);
    };
    const shown = new RowsPanel({ ...services, panel, file, reason: viewReason(file, bytes), openAsText });
    const open = this.panels.get(file) ?? new Set();
    this.panels.set(file, open.add(shown));
    panel.onDidDispose(() => {
      open.delete(shown);
      if (open.size === 0) this.panels.delete(file);
    });
    if (this.wanted?.file === file) {
      shown.reveal(this.wanted.row);
      this.wanted = undefined;
    }
    const parts = { script: asset('rows.js'), style: asset('rows.css'), title: 'SuperRL rows', state: {} };
    panel.webview.html = webviewPage(parts, panel.webview.cspSource, newNonce());
  }
}

export function registerRowsEditor(editor: RowsEditor): vscode.Disposable[] {
  return Object.values(rowsViewTypes).map((viewType) =>
    vscode.window.registerCustomEditorProvider(viewType, editor, { supportsMultipleEditorsPerDocument: true }),
  );
}
