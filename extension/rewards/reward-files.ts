// Which files hold reward functions: those named *.reward.*, and those that a run file names.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { parseRunFile } from '../../backend/protocol/run-file';
import type { WorkspaceFiles } from '../workspace-files';

/** By file name. */
export async function rewardFiles(files: WorkspaceFiles): Promise<vscode.Uri[]> {
  const named = await Promise.all(files.runFiles.map(namedIn));
  const all = [...files.rewardFiles.map(({ fsPath }) => fsPath), ...named.flat()];
  return [...new Set(all)].sort((a, b) => basename(a).localeCompare(basename(b))).map((file) => vscode.Uri.file(file));
}

export async function isRewardFile(uri: vscode.Uri, files: WorkspaceFiles): Promise<boolean> {
  if (/\.reward\.(ts|mts|js|mjs|cjs|py)$/.test(uri.path)) return true;
  return (await rewardFiles(files)).some(({ fsPath }) => fsPath === uri.fsPath);
}

async function namedIn(uri: vscode.Uri): Promise<string[]> {
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    const { parsed } = parseRunFile(document.getText(), uri.fsPath);
    return (parsed?.rewards ?? []).flatMap(({ file }) =>
      file === undefined ? [] : [resolve(dirname(uri.fsPath), file)],
    );
  } catch {
    return []; // deleted meanwhile
  }
}
