// Lenses in sample documents: above each completion debug its reward, save it as a fixture, compare it with a trace or an
// earlier sample of the prompt.
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import { samplePlace } from './sample-documents';

export class SampleCodeLens implements vscode.CodeLensProvider {
  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const place = samplePlace(document.uri);
    if (!place) return [];
    const { run, step, group, part } = place;
    if (part.kind === 'completion') return lenses(0, { run, step, group, index: part.index });
    if (part.kind === 'trace') return [];
    const found: vscode.CodeLens[] = [];
    for (let line = 0; line < document.lineCount; line++) {
      // Model text stands indented, so a heading is ours.
      const number = /^## Completion (\d+):/.exec(document.lineAt(line).text)?.[1];
      if (number !== undefined) found.push(...lenses(line, { run, step, group, index: Number(number) - 1 }));
    }
    return found;
  }
}

function lenses(line: number, place: { run: string; step: number; group: number; index: number }): vscode.CodeLens[] {
  const at = new vscode.Range(line, 0, line, 0);
  const lens = (title: string, command: CommandId) => new vscode.CodeLens(at, { title, command, arguments: [place] });
  const compare = [
    lens('Compare with a trace', 'superrl.compareSampleWithTrace'),
    lens('Compare with an earlier sample', 'superrl.compareSampleWithEarlier'),
  ];
  if (!vscode.workspace.isTrusted) return compare;
  return [lens('Debug its reward', 'superrl.debugReward'), lens('Save as fixture', 'superrl.saveFixture'), ...compare];
}
