// The Rewards view: reward files with the functions they export, found by parsing: none of their code runs.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import { parseRunFile } from '../../backend/protocol/run-file';
import { treeItems } from '../contributions/views';
import type { ServerConnection } from '../server/server-connection';
import type { WorkspaceFiles } from '../workspace-files';

export type RewardNode =
  | { readonly kind: 'rewardFile'; readonly uri: vscode.Uri }
  | {
      readonly kind: 'function';
      readonly uri: vscode.Uri;
      readonly name: string;
      readonly line: number;
      readonly batched: boolean;
    }
  | { readonly kind: 'problem'; readonly uri: vscode.Uri; readonly message: string };

export class RewardsView implements vscode.TreeDataProvider<RewardNode> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly files: WorkspaceFiles,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {
    files.onDidChange(() => this.changed.fire());
  }

  async getChildren(node?: RewardNode): Promise<RewardNode[]> {
    if (!node) return (await rewardFiles(this.files)).map((uri) => ({ kind: 'rewardFile', uri }));
    return node.kind === 'rewardFile' ? this.functions(node.uri) : [];
  }

  getTreeItem(node: RewardNode): vscode.TreeItem {
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    const open = (line: number): vscode.Command => {
      const at = new vscode.Position(line - 1, 0);
      const selection = new vscode.Range(at, at);
      return { command: 'vscode.open', title: 'Open', arguments: [node.uri, { selection }] };
    };
    switch (node.kind) {
      case 'rewardFile': {
        const item = new vscode.TreeItem(node.uri, Collapsed);
        item.description = vscode.workspace.asRelativePath(dirname(node.uri.fsPath));
        item.contextValue = treeItems.rewardFile;
        item.command = open(1);
        return item;
      }
      case 'function': {
        const item = new vscode.TreeItem(node.name, None);
        item.description = node.batched ? 'per step' : 'per completion';
        item.iconPath = new vscode.ThemeIcon('symbol-function');
        item.contextValue = treeItems.rewardFunction;
        item.command = open(node.line);
        return item;
      }
      case 'problem': {
        const item = new vscode.TreeItem(node.message, None);
        item.iconPath = new vscode.ThemeIcon('error');
        item.tooltip = node.message;
        item.command = open(1);
        return item;
      }
    }
  }

  private async functions(uri: vscode.Uri): Promise<RewardNode[]> {
    try {
      const { functions, problem } = await this.connection.request('rewardFunctions', { file: uri.fsPath });
      const found: RewardNode[] = functions.map((each) => ({ kind: 'function', uri, ...each }));
      return problem === undefined ? found : [...found, { kind: 'problem', uri, message: problem }];
    } catch (error) {
      return [{ kind: 'problem', uri, message: errorText(error) }];
    }
  }
}

/** Those named *.reward.*, and those that a run file names. */
async function rewardFiles(files: WorkspaceFiles): Promise<vscode.Uri[]> {
  const named = await Promise.all(files.runFiles.map(namedIn));
  const all = [...files.rewardFiles.map(({ fsPath }) => fsPath), ...named.flat()];
  return [...new Set(all)].sort((a, b) => basename(a).localeCompare(basename(b))).map((file) => vscode.Uri.file(file));
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
