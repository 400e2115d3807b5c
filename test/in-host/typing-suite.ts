// Runs inside the extension host: how long typing in a file of 45 MB blocks it, with outcomes behind the rows and
// without, in turn. The editor's own Merge Conflict extension joins the whole text after each pause; so all of it is
// measured with that at work, as it is installed, and with its two settings off. `figure:` lines are what came out.
import { ok } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { folder, runTests, until } from './run-tests';

const rounds = 2;
/** At each of three places. */
const keys = 50;
const lookMs = 5;

/** Most milliseconds between two looks at the event loop. */
interface Blocked {
  /** On the clock, less the time between looks. */
  readonly wallMs: number;
  /** Processor time of the thread that runs extensions: no more than it was busy, whatever else the machine does. */
  readonly threadMs: number;
}

/** Processor time of this process's first thread, in milliseconds, as Linux counts it. */
function threadTime(): number {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(nanoseconds) / 1e6;
}

async function blockedWhile(work: () => Promise<void>): Promise<Blocked> {
  let last = performance.now();
  let used = threadTime();
  let wallMs = 0;
  let threadMs = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    const time = threadTime();
    wallMs = Math.max(wallMs, now - last - lookMs);
    threadMs = Math.max(threadMs, time - used);
    last = now;
    used = time;
  }, lookMs);
  await work();
  clearInterval(timer);
  return { wallMs, threadMs };
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

async function set(values: Readonly<Record<string, boolean>>): Promise<void> {
  const settings = vscode.workspace.getConfiguration();
  for (const [name, value] of Object.entries(values)) {
    await settings.update(name, value, vscode.ConfigurationTarget.Workspace);
  }
  await sleep(3000); // decorations, lenses and problems are there, and the garbage of opening is gone
}

/** Without outcomes and with them, in turn. */
async function measure(
  editor: vscode.TextEditor,
  mergeConflict: boolean,
): Promise<{ without: Blocked; withThem: Blocked }> {
  await set({ 'merge-conflict.codeLens.enabled': mergeConflict, 'merge-conflict.decorators.enabled': mergeConflict });
  const found: Record<'without' | 'withThem', Blocked[]> = { without: [], withThem: [] };
  for (let round = 0; round < rounds; round++) {
    for (const what of ['without', 'withThem'] as const) {
      await set({ 'superrl.inline.enabled': what === 'withThem' });
      found[what].push(await blockedWhile(() => type(editor)));
    }
  }
  const most = (all: Blocked[], of: keyof Blocked) => Math.max(...all.map((blocked) => blocked[of]));
  const text = (all: Blocked[], of: keyof Blocked) => all.map((blocked) => Math.round(blocked[of])).join(', ');
  for (const [what, all] of Object.entries(found)) {
    console.log(
      `figure: Merge Conflict ${mergeConflict ? 'on' : 'off'}, ${what === 'without' ? 'without' : 'with'} outcomes: ` +
        `${text(all, 'wallMs')} ms on the clock, ${text(all, 'threadMs')} ms of the thread`,
    );
  }
  const of = (all: Blocked[]) => ({ wallMs: most(all, 'wallMs'), threadMs: most(all, 'threadMs') });
  return { without: of(found.without), withThem: of(found.withThem) };
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
      await measure(editor, true);
      const { without, withThem } = await measure(editor, false);
      ok(withThem.threadMs < 50, `blocked for ${withThem.threadMs} ms with outcomes, ${without.threadMs} ms without`);
    },
  });
}
