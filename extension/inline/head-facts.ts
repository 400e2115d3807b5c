// What is known of a data file that a run file names, as stands at its head: rows and mapping, coverage by traces, and
// how much of it the newest run solves. Each leads somewhere.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import { coverageLine, inspectionLine } from '../data/inspection';
import type { DatasetInspections } from './dataset-inspections';
import type { FileOutcomes } from './file-outcomes';
import { splitLine } from './outcome-text';

export interface HeadFact {
  readonly title: string;
  readonly command: CommandId | 'vscode.open';
  readonly argument: unknown;
}

/** None where no run file names the file. Throws what the server says when it can't be read. */
export async function headFacts(
  file: string,
  inspections: DatasetInspections,
  outcomes: FileOutcomes,
): Promise<HeadFact[]> {
  const use = await inspections.useOf(file);
  if (!use) return [];
  const { coverage, ...inspection } = await inspections.inspect(use);
  const runFile = vscode.Uri.file(use.runFile);
  const facts: HeadFact[] = [];
  if (use.role === 'dataset') {
    facts.push({ title: inspectionLine(inspection), command: 'vscode.open', argument: runFile });
  } else {
    const dataset = use.request.file;
    const title = `traces for ${basename(dataset)}`;
    facts.push({ title, command: 'vscode.open', argument: vscode.Uri.file(dataset) });
  }
  if (coverage) {
    const words = coverageLine(coverage);
    facts.push(
      vscode.workspace.isTrusted
        ? { title: `${words}: audit`, command: 'superrl.auditTraces', argument: runFile }
        : { title: words, command: 'vscode.open', argument: runFile },
    );
  }
  const used = await outcomes.of(file);
  const split = used && splitLine(used.split);
  if (used && split !== undefined) facts.push({ title: split, command: 'superrl.openDashboard', argument: used.run });
  return facts;
}
