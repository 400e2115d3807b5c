// Changes one field of an open run file and leaves its comments and layout as they are.
import * as vscode from 'vscode';
import { withField } from './set-field';

export async function editRunFile(
  document: vscode.TextDocument,
  path: readonly (string | number)[],
  value: unknown,
): Promise<void> {
  const text = document.getText();
  const edit = new vscode.WorkspaceEdit();
  const all = new vscode.Range(document.positionAt(0), document.positionAt(text.length));
  edit.replace(document.uri, all, withField(text, path, value));
  await vscode.workspace.applyEdit(edit);
}
