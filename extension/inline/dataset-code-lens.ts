// Lenses at the head of a data file that a run file names: rows and mapping, coverage by traces, and how much of it the
// newest run solves.
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import { coverageLine, type Inspection, inspectionLine } from '../data/inspection';
import { setting } from '../setting';
import type { RunList } from '../watch/run-list';
import type { DatasetInspections } from './dataset-inspections';
import type { FileOutcomes } from './file-outcomes';
import { splitLine } from './outcome-text';
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
    const use = await this.inspections.useOf(uri.fsPath);
    if (!use) return [];
    const inspection = await this.inspections.inspect(use);
    const outcomes = await this.outcomes.of(uri.fsPath);
    return headLenses(inspection, use.runFile, outcomes);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}

function headLenses(
  inspection: Inspection,
  runFile: string,
  outcomes: Awaited<ReturnType<FileOutcomes['of']>>,
): vscode.CodeLens[] {
  const head = new vscode.Range(0, 0, 0, 0);
  const lens = (title: string, command: CommandId | 'vscode.open', argument: unknown) =>
    new vscode.CodeLens(head, { title, command, arguments: [argument] });
  const { coverage } = inspection;
  const lenses = [lens(inspectionLine(inspection), 'vscode.open', vscode.Uri.file(runFile))];
  if (coverage) {
    const audit = vscode.workspace.isTrusted;
    const words = audit ? `${coverageLine(coverage)}: audit` : coverageLine(coverage);
    const target = vscode.Uri.file(runFile);
    lenses.push(audit ? lens(words, 'superrl.auditTraces', target) : lens(words, 'vscode.open', target));
  }
  const split = outcomes && splitLine(outcomes.split);
  if (outcomes && split !== undefined) lenses.push(lens(split, 'superrl.openDashboard', outcomes.run));
  return lenses;
}
