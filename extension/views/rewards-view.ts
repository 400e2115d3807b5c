// The Rewards view: reward files with the functions they export, found by parsing: none of their code runs.
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import { treeItems } from '../contributions/views';
import { rewardFiles } from '../rewards/reward-files';
import { statsLine } from '../rewards/reward-stats';
import type { RewardWatch } from '../rewards/reward-watch';
import { folderText, type WorkspaceFiles } from '../workspace-files';

export type RewardNode =
  | { readonly kind: 'rewardFile'; readonly uri: vscode.Uri }
  | {
      readonly kind: 'function';
      readonly uri: vscode.Uri;
      readonly name: string;
      readonly line: number;
      readonly batched: boolean;
      /** What the newest run says of it. */
      readonly stats: string | undefined;
    }
  | { readonly kind: 'problem'; readonly uri: vscode.Uri; readonly message: string };

export class RewardsView implements vscode.TreeDataProvider<RewardNode> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly files: WorkspaceFiles,
    private readonly watch: RewardWatch,
  ) {
    files.onDidChange(() => this.changed.fire());
    watch.onDidChange(() => this.changed.fire());
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
        item.description = folderText(node.uri);
        item.contextValue = treeItems.rewardFile;
        item.command = open(1);
        return item;
      }
      case 'function': {
        const item = new vscode.TreeItem(node.name, None);
        item.description = node.stats ?? (node.batched ? 'per step' : 'per completion');
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
      const { functions, problem } = await this.watch.of(uri.fsPath);
      const found: RewardNode[] = functions.map(({ name, line, batched, stats }) => ({
        ...{ kind: 'function', uri, name, line, batched },
        stats: stats && statsLine(stats),
      }));
      return problem === undefined ? found : [...found, { kind: 'problem', uri, message: problem }];
    } catch (error) {
      return [{ kind: 'problem', uri, message: errorText(error) }];
    }
  }
}
