// Reports that the extension makes (engine doctor, model answers) as read-only documents that can grow while shown.
import * as vscode from 'vscode';

export const reportScheme = 'superrl-report';

export class ReportDocuments implements vscode.TextDocumentContentProvider {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly texts = new Map<string, string>();

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? 'This report is gone with the window that made it. Run the command again.';
  }

  /** Sets the text of the report of this title and shows it. */
  async show(title: string, text: string, column = vscode.ViewColumn.Active): Promise<void> {
    const uri = reportUri(title);
    this.update(title, text);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: column, preview: false, preserveFocus: true });
  }

  update(title: string, text: string): void {
    const uri = reportUri(title);
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
  }
}

function reportUri(title: string): vscode.Uri {
  return vscode.Uri.from({ scheme: reportScheme, path: `/${title}.md` });
}
