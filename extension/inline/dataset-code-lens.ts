// Lenses at the head of a data file that a run file names, a file of traces included.
import * as vscode from 'vscode';
import { setting } from '../setting';
import type { RunList } from '../watch/run-list';
import type { DatasetInspections } from './dataset-inspections';
import type { FileOutcomes } from './file-outcomes';
import { headFacts } from './head-facts';
import { dataLanguage } from './record-text';

const betweenStepsMs = 5000;

export class DatasetCodeLens implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly inspections: DatasetInspections,
    private readonly outcomes: FileOutcomes,
    runs: RunList,
  ) {
    runs.onDidChange(() => {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        this.changed.fire();
      }, betweenStepsMs);
    });
  }

  async provideCodeLenses({ uri }: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (dataLanguage(uri.path) === undefined || !setting('superrl.inline.enabled')) return [];
    const facts = await headFacts(uri.fsPath, this.inspections, this.outcomes);
    const head = new vscode.Range(0, 0, 0, 0);
    return facts.map(
      ({ title, command, argument }) => new vscode.CodeLens(head, { title, command, arguments: [argument] }),
    );
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}
