// The Data view: the run files of the open folders with their datasets and traces, row counts, mapping and what is
// wrong with them. A dataset is read when its run file is opened in the tree, not before.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { RequestParams } from '../../backend/protocol/messages';
import type { ParsedRunFile } from '../../backend/protocol/run-config';
import { parseRunFile } from '../../backend/protocol/run-file';
import { treeItems } from '../contributions/views';
import {
  coverageLine,
  type Inspection,
  inspectionSchema,
  layoutText,
  mappingLines,
  rowsText,
} from '../data/inspection';
import type { ServerConnection } from '../server/server-connection';
import { folderText, type WorkspaceFiles } from '../workspace-files';

export type DataNode =
  | { readonly kind: 'runFile'; readonly uri: vscode.Uri }
  | {
      readonly kind: 'data';
      readonly label: string;
      readonly file: string;
      readonly request: RequestParams<'inspectData'>;
    }
  | {
      readonly kind: 'fact';
      readonly label: string;
      readonly icon: string;
      readonly at?: { readonly file: string; readonly line?: number | undefined };
    };

const mostProblems = 50;

export class DatasetsView implements vscode.TreeDataProvider<DataNode> {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly files: WorkspaceFiles,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {
    files.onDidChange(() => this.changed.fire());
  }

  refresh(): void {
    this.changed.fire();
  }

  async getChildren(node?: DataNode): Promise<DataNode[]> {
    if (!node) return this.files.runFiles.map((uri) => ({ kind: 'runFile', uri }));
    if (node.kind === 'runFile') return datasets(node.uri);
    return node.kind === 'data' ? this.inspect(node.request) : [];
  }

  getTreeItem(node: DataNode): vscode.TreeItem {
    const { Collapsed, None } = vscode.TreeItemCollapsibleState;
    if (node.kind === 'runFile') {
      const item = new vscode.TreeItem(node.uri, Collapsed);
      item.description = folderText(node.uri);
      item.contextValue = treeItems.runFile;
      item.command = { command: 'vscode.open', title: 'Open', arguments: [node.uri] };
      return item;
    }
    if (node.kind === 'data') {
      const item = new vscode.TreeItem(node.label, Collapsed);
      item.description = basename(node.file);
      item.resourceUri = vscode.Uri.file(node.file);
      item.iconPath = new vscode.ThemeIcon(node.label === 'traces' ? 'book' : 'database');
      item.contextValue = treeItems.dataset;
      return item;
    }
    const item = new vscode.TreeItem(node.label, None);
    item.tooltip = node.label;
    item.iconPath = new vscode.ThemeIcon(node.icon);
    if (node.at) {
      const line = new vscode.Position((node.at.line ?? 1) - 1, 0);
      const selection = new vscode.Range(line, line);
      item.command = {
        command: 'vscode.open',
        title: 'Open',
        arguments: [vscode.Uri.file(node.at.file), { selection }],
      };
    }
    return item;
  }

  private async inspect(request: RequestParams<'inspectData'>): Promise<DataNode[]> {
    try {
      return inspectionFacts(inspectionSchema.parse(await this.connection.request('inspectData', request)));
    } catch (error) {
      return [{ kind: 'fact', label: errorText(error), icon: 'error', at: { file: request.file } }];
    }
  }
}

async function datasets(uri: vscode.Uri): Promise<DataNode[]> {
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    const { parsed, problems } = parseRunFile(document.getText(), uri.fsPath);
    const [problem] = problems;
    if (parsed) return datasetNodes(parsed, dirname(uri.fsPath));
    const at = { file: uri.fsPath, line: problem?.place.line };
    return [{ kind: 'fact', label: problem?.message ?? 'This is no run file.', icon: 'error', at }];
  } catch (error) {
    return [{ kind: 'fact', label: errorText(error), icon: 'error' }];
  }
}

export function datasetNodes({ data, traces }: ParsedRunFile, folder: string): DataNode[] {
  const limit = data.limit === undefined ? {} : { limit: data.limit };
  const node = (label: string, path: string, more: Partial<RequestParams<'inspectData'>> = {}): DataNode => {
    const file = resolve(folder, path);
    return { kind: 'data', label, file, request: { file, map: data.map, ...more } };
  };
  const nodes = [node('train', data.train, limit)];
  if (data.eval !== undefined) nodes.push(node('held out', data.eval));
  if (traces) {
    const path = traces.path === undefined ? {} : { path: resolve(folder, traces.path) };
    const request = { file: resolve(folder, data.train), map: data.map, ...limit, traces: { ...traces, ...path } };
    nodes.push({ kind: 'data', label: 'traces', file: resolve(folder, traces.path ?? data.train), request });
  }
  return nodes;
}

function inspectionFacts(inspection: Inspection): DataNode[] {
  const { report, coverage } = inspection;
  const facts: DataNode[] = coverage
    ? [{ kind: 'fact', label: coverageLine(coverage), icon: 'book' }]
    : [
        { kind: 'fact', label: `${rowsText(inspection)} · ${layoutText(inspection)}`, icon: 'list-unordered' },
        ...mappingLines(inspection).map((label): DataNode => ({ kind: 'fact', label, icon: 'symbol-field' })),
      ];
  const problems = [...report.problems, ...(coverage?.problems ?? [])];
  for (const { place, reason } of problems.slice(0, mostProblems)) {
    facts.push({ kind: 'fact', label: `${place.line ?? ''} ${reason}`.trim(), icon: 'warning', at: place });
  }
  if (problems.length > mostProblems) {
    facts.push({ kind: 'fact', label: `and ${problems.length - mostProblems} more`, icon: 'ellipsis' });
  }
  return facts;
}
