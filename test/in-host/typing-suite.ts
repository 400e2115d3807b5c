// Runs inside the extension host: how long typing in a file of 45 MB blocks it, with outcomes behind the rows and
// without. Looks at the event loop every few milliseconds; `figure:` lines are what it found.
import { ok } from 'node:assert';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { folder, runTests, until } from './run-tests';

const keys = 150;
const lookMs = 5;

interface Blocked {
  /** Longest time between two looks, less the time between looks, in milliseconds on the clock. */
  readonly wallMs: number;
  /** Most processor time of the whole process between two looks: no more than it was busy, whatever else runs here. */
  readonly processorMs: number;
}

async function blockedWhile(work: () => Promise<void>): Promise<Blocked> {
  let last = performance.now();
  let used = process.cpuUsage();
  let wallMs = 0;
  let processorMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const { user, system } = process.cpuUsage(used);
    wallMs = Math.max(wallMs, now - last - lookMs);
    processorMs = Math.max(processorMs, (user + system) / 1000);
    last = now;
    used = process.cpuUsage();
  }, lookMs);
  await work();
  clearInterval(timer);
  return { wallMs, processorMs };
}

/** As a person types: keys through the editor, with a line break now and then, at the top, in the middle and at the end. */
async function type(editor: vscode.TextEditor): Promise<void> {
  for (const share of [0, 0.5, 1]) {
    const line = Math.floor(share * (editor.document.lineCount - 2));
    const at = new vscode.Position(line, 3);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, at));
    await sleep(500);
    for (let key = 0; key < keys; key++) {
      await vscode.commands.executeCommand('type', { text: key % 25 === 24 ? '\n' : 'x' });
      await sleep(40);
    }
  }
  await sleep(500);
}

async function measure(editor: vscode.TextEditor, enabled: boolean): Promise<Blocked> {
  const settings = vscode.workspace.getConfiguration();
  await settings.update('superrl.inline.enabled', enabled, vscode.ConfigurationTarget.Workspace);
  await sleep(3000); // decorations, lenses and problems are there, and the garbage of opening is gone
  const blocked = await blockedWhile(() => type(editor));
  const { wallMs, processorMs } = blocked;
  const what = enabled ? 'with outcomes' : 'without';
  console.log(
    `figure: ${what} ${JSON.stringify({ wallMs: Math.round(wallMs), processorMs: Math.round(processorMs) })}`,
  );
  return blocked;
}

export function run(): Promise<void> {
  return runTests({
    'typing in 45 MB': async () => {
      await vscode.extensions.getExtension('superrl.superrl')?.activate();
      const uri = vscode.Uri.file(join(folder(), 'train.jsonl'));
      const document = await vscode.workspace.openTextDocument(uri);
      const editor = await vscode.window.showTextDocument(document);
      console.log(
        `figure: ${document.lineCount} lines, ${(Buffer.byteLength(document.getText()) / 1e6).toFixed(1)} MB`,
      );
      await until(async () => {
        const hovers: vscode.Hover[] = await vscode.commands.executeCommand(
          'vscode.executeHoverProvider',
          uri,
          new vscode.Position(0, 1),
        );
        return hovers.length > 0;
      });
      await measure(editor, false);
      const { processorMs } = await measure(editor, true);
      ok(processorMs < 50, `blocked for ${processorMs} ms`);
    },
  });
}
