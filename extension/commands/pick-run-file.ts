// Which run file a command is about: the one it was called on, the one in the editor, the only one, else it asks.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isRunFile } from '../run-file/run-file-diagnostics';
import type { Services } from '../services';
import { fileArgument } from './handler';

/** The run file that is open in the active editor. */
export function activeRunFile(): string | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri && isRunFile(uri) ? uri.fsPath : undefined;
}

export async function pickRunFile(
  { files }: Pick<Services, 'files'>,
  argument: unknown,
  placeHolder: string,
): Promise<string | undefined> {
  const given = fileArgument(argument) ?? activeRunFile();
  if (given !== undefined) return given;
  if (files.runFiles.length === 1) return files.runFiles[0]?.fsPath;
  return askRunFile({ files }, placeHolder);
}

export async function askRunFile({ files }: Pick<Services, 'files'>, placeHolder: string): Promise<string | undefined> {
  const browse = { label: '$(folder-opened) Browse…', description: '', file: undefined };
  const items = files.runFiles.map(({ fsPath: file }) => ({
    label: `$(json) ${basename(file)}`,
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  const picked = await vscode.window.showQuickPick([...items, browse], { placeHolder, matchOnDescription: true });
  if (picked !== browse) return picked?.file;
  const opened = await vscode.window.showOpenDialog({ title: 'Run file', filters: { 'SuperRL run file': ['json'] } });
  return opened?.[0]?.fsPath;
}

/** What is on disk is what runs. */
export async function saveRunFile(file: string): Promise<void> {
  const open = vscode.workspace.textDocuments.find(({ uri, isDirty }) => isDirty && uri.fsPath === file);
  await open?.save();
}
