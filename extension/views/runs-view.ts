// The Runs view: each run with its state, method, engine and held-out accuracy; below it its checkpoints, alarms and
// where its files are.
import { basename, dirname, isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import type { RunSummary } from '../../backend/protocol/messages';
import type { CommandId } from '../contributions/commands';
import { treeItems } from '../contributions/views';
import { type RunList, runDescription, runMarks } from '../watch/run-list';

export type RunNode =
  | { readonly kind: 'run'; readonly run: string; readonly summary: RunSummary }
  | { readonly kind: 'checkpoint'; readonly run: string; readonly path: string; readonly label: string }
  | {
      readonly kind: 'fact';
      readonly run: string;
      readonly label: string;
      readonly icon: string;
      readonly command?: CommandId;
    };

export class RunsView implements vscode.TreeDataProvider<RunNode> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(private readonly list: RunList) {
    list.onDidChange(() => this.changed.fire());
  }

  getChildren(node?: RunNode): RunNode[] {
    if (!node) return this.list.all.map((summary) => ({ kind: 'run', run: summary.run, summary }));
    return node.kind === 'run' ? facts(node.summary) : [];
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return runItem(node.summary);
      case 'checkpoint': {
        const item = new vscode.TreeItem(node.label);
        item.id = `${node.run} ${node.path}`;
        item.iconPath = new vscode.ThemeIcon('archive');
        item.contextValue = treeItems.checkpoint;
        item.tooltip = checkpointFolder(node.run, node.path);
        return item;
      }
      case 'fact': {
        const item = new vscode.TreeItem(node.label);
        item.id = `${node.run} ${node.label}`;
        item.iconPath = new vscode.ThemeIcon(node.icon);
        if (node.command) item.command = { command: node.command, title: node.label, arguments: [node.run] };
        return item;
      }
    }
  }
}

/** Checkpoints are listed relative to the run folder or by absolute path. */
export function checkpointFolder(run: string, path: string): string {
  return isAbsolute(path) ? path : join(run, path);
}

function runItem(summary: RunSummary): vscode.TreeItem {
  const queued = summary.state === 'queued';
  const item = new vscode.TreeItem(
    summary.name || basename(summary.run),
    queued ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = summary.run;
  item.description = runDescription(summary);
  item.iconPath = stateIcon(summary.state);
  item.contextValue = queued ? treeItems.queued : [treeItems.run, ...runMarks(summary)].join(' ');
  item.tooltip = tooltip(summary);
  item.accessibilityInformation = { label: `Run ${summary.name}, ${runDescription(summary)}` };
  if (!queued) {
    const open: CommandId = 'superrl.openDashboard';
    item.command = { command: open, title: 'Open Dashboard', arguments: [summary.run] };
  }
  return item;
}

function tooltip(summary: RunSummary): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const lines = [
    `${summary.name}: ${summary.state}`,
    `Method ${summary.method}, engine ${summary.engine || 'not chosen yet'}`,
    summary.reason,
    summary.engineReason,
    summary.startedAt > 0 ? `Started ${new Date(summary.startedAt).toLocaleString()}` : undefined,
    summary.run,
  ];
  lines.forEach((line, index) => {
    if (line === undefined) return;
    if (index > 0) text.appendMarkdown('\n\n');
    text.appendText(line);
  });
  return text;
}

const stateIcons: { readonly [S in RunSummary['state']]: readonly [icon: string, colour?: string] } = {
  queued: ['watch'],
  preparing: ['loading~spin'],
  running: ['play', 'charts.green'],
  paused: ['debug-pause', 'charts.yellow'],
  stopping: ['debug-stop', 'charts.yellow'],
  finished: ['pass', 'charts.green'],
  failed: ['error', 'charts.red'],
  interrupted: ['warning', 'charts.orange'],
  damaged: ['question', 'charts.red'],
};

function stateIcon(state: RunSummary['state']): vscode.ThemeIcon {
  const [icon, colour] = stateIcons[state];
  return new vscode.ThemeIcon(icon, colour ? new vscode.ThemeColor(colour) : undefined);
}

function facts(summary: RunSummary): RunNode[] {
  const { run } = summary;
  const nodes: RunNode[] = [
    {
      kind: 'fact',
      run,
      label: `${summary.method} on ${summary.engine || 'an engine not chosen yet'}`,
      icon: 'beaker',
    },
  ];
  for (const [name, value] of Object.entries(summary.heldOut ?? {})) {
    if (name === 'eval/invalid_frac' && value === 0) continue;
    nodes.push({
      kind: 'fact',
      run,
      label: `held-out ${name.replace(/^eval\//, '')} ${(100 * value).toFixed(1)} %`,
      icon: 'target',
      command: 'superrl.openDashboard',
    });
  }
  if (summary.alarms > 0) {
    const label = summary.alarms === 1 ? '1 alarm' : `${summary.alarms} alarms`;
    nodes.push({ kind: 'fact', run, label, icon: 'bell', command: 'superrl.openDashboard' });
  }
  for (const { step, path, best } of [...summary.checkpoints].sort((a, b) => b.step - a.step)) {
    nodes.push({ kind: 'checkpoint', run, path, label: `checkpoint of step ${step}${best ? ', the best' : ''}` });
  }
  nodes.push({
    kind: 'fact',
    run,
    label: `${basename(dirname(run))}/${basename(run)}`,
    icon: 'folder-opened',
    command: 'superrl.revealRunFolder',
  });
  return nodes;
}
