// Rescored runs as a pair of read-only documents in a diff; each line links to its completion.
import * as vscode from 'vscode';
import type { CommandId } from '../contributions/commands';
import type { FileReward } from '../rewards/run-rewards';
import { type Rescored, type RescoreTexts, rescoreTexts } from './rescore-text';
import { sampleUri } from './sample-documents';

export const rescoreScheme = 'superrl-rescore';

interface Shown {
  readonly run: string;
  readonly texts: RescoreTexts;
}

export class RescoreDocuments implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider {
  private readonly shown = new Map<string, Shown>();
  private count = 0;

  async show({ run, component }: FileReward, result: Rescored, title: string): Promise<void> {
    const id = String(++this.count);
    this.shown.set(id, { run, texts: rescoreTexts(result, component) });
    const uri = (side: 'before' | 'after') =>
      vscode.Uri.from({ scheme: rescoreScheme, authority: id, path: `/${component} ${side}.txt` });
    await vscode.commands.executeCommand('vscode.diff', uri('before'), uri('after'), title, { preview: false });
  }

  provideTextDocumentContent({ authority, path }: vscode.Uri): string {
    const shown = this.shown.get(authority);
    if (!shown) return 'This comparison is gone with the window that made it. Run Rescore Run again.';
    return path.endsWith(' before.txt') ? shown.texts.before : shown.texts.after;
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const shown = this.shown.get(document.uri.authority);
    if (!shown) return [];
    const openSample: CommandId = 'superrl.openSample';
    return [...shown.texts.places].map(([line, { step, group, index }]) => {
      const argument = { run: shown.run, step, group, index };
      const target =
        index === undefined
          ? sampleUri({ run: shown.run, step, group, part: { kind: 'group' } })
          : vscode.Uri.parse(`command:${openSample}?${encodeURIComponent(JSON.stringify([argument]))}`);
      const end = document.lineAt(line).text.indexOf(':');
      return new vscode.DocumentLink(new vscode.Range(line, 0, line, Math.max(end, 0)), target);
    });
  }
}
