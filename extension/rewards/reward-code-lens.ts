// Lenses above each exported reward function: what the newest run says of it, debug it, score a run's samples anew.
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import type { WorkspaceFiles } from '../workspace-files';
import { isRewardFile } from './reward-files';
import { statsLine } from './reward-stats';
import type { RewardWatch, WatchedFunction } from './reward-watch';

export class RewardCodeLens implements vscode.CodeLensProvider {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    private readonly watch: RewardWatch,
    private readonly files: WorkspaceFiles,
  ) {
    watch.onDidChange(() => this.changed.fire());
    vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire());
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!(await isRewardFile(document.uri, this.files))) return [];
    const { functions } = await this.watch.of(document.uri.fsPath);
    return functions.flatMap(lenses);
  }
}

function lenses(found: WatchedFunction): vscode.CodeLens[] {
  const { line, use, stats, file, name, only } = found;
  const above = new vscode.Range(line - 1, 0, line - 1, 0);
  const lens = (title: string, command: CommandId, argument: unknown, tooltip: string) =>
    new vscode.CodeLens(above, { title, command, arguments: [argument], tooltip });
  if (!use) return [];
  const shown: vscode.CodeLens[] = [];
  if (stats) {
    const samples = `${stats.completions.toLocaleString('en')} completions of steps ${stats.firstStep} to ${stats.lastStep}`;
    shown.push(lens(statsLine(stats), 'superrl.openDashboard', use.run, `${use.component} over ${samples}`));
  }
  if (!vscode.workspace.isTrusted) return shown;
  const target = { file, name, only };
  shown.push(
    lens('Debug on sample…', 'superrl.debugReward', target, 'Run it under the debugger on a stored completion'),
  );
  const [failure] = stats?.failures ?? [];
  if (failure) {
    const { step, group, index } = failure;
    const place = { run: use.run, component: use.component, step, group, index };
    shown.push(lens('Debug the newest failure', 'superrl.debugReward', place, failure.reason));
  }
  shown.push(
    lens(
      'Rescore run',
      'superrl.rescoreRun',
      target,
      'Score a run’s stored completions with the function as it is now',
    ),
  );
  return shown;
}
