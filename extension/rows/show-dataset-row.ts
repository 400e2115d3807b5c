// Shows a row of a dataset: in the text editor where it has lines and extensions get its text, else as rows.
import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import { largestTextBytes } from './view-reason';

/** Row numbers count records; in JSONL and CSV without line breaks in quotes these are lines (CSV: after the header). */
export async function showDatasetRow(file: string, row: number): Promise<void> {
  if (!/\.(jsonl|ndjson|csv)$/i.test(file) || (await stat(file)).size > largestTextBytes) {
    const openRows: CommandId = 'superrl.openRows';
    await vscode.commands.executeCommand(openRows, { file, row });
    return;
  }
  const at = new vscode.Position(row + (/\.csv$/i.test(file) ? 1 : 0), 0);
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), { selection: new vscode.Range(at, at) });
}
