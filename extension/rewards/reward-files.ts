// Which files hold reward functions: those named *.reward.*, and those that a run file names.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import type { WorkspaceFiles } from '../workspace-files';

/** By file name. */
export async function rewardFiles(files: WorkspaceFiles): Promise<vscode.Uri[]> {
  const named = (await files.readRunFiles()).flatMap(({ file: runFile, parsed }) =>
    parsed.rewards.flatMap(({ file }) => (file === undefined ? [] : [resolve(dirname(runFile), file)])),
  );
  const all = [...files.rewardFiles.map(({ fsPath }) => fsPath), ...named];
  return [...new Set(all)].sort((a, b) => basename(a).localeCompare(basename(b))).map((file) => vscode.Uri.file(file));
}

export async function isRewardFile(uri: vscode.Uri, files: WorkspaceFiles): Promise<boolean> {
  if (/\.reward\.(ts|mts|js|mjs|cjs|py)$/.test(uri.path)) return true;
  return (await rewardFiles(files)).some(({ fsPath }) => fsPath === uri.fsPath);
}
