// Runs inside the extension host of a real editor: what stands beside data and traces, what mends them, and the paged
// view of files that have no text. The workspace is made by test/e2e/data-views.test.ts; it holds a finished run.
import { match, ok, strictEqual } from 'node:assert';
import { createWriteStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as vscode from 'vscode';
import { exitCode, folder, runTests, type Tests, until } from './run-tests';

const file = (name: string) => vscode.Uri.file(join(folder(), name));

function runFolder(name: string): string {
  const [found] = readdirSync(join(folder(), 'runs')).filter((each) => each.startsWith(name));
  ok(found, name);
  return join(folder(), 'runs', found);
}

async function show(name: string): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(file(name));
  await vscode.window.showTextDocument(document);
  return document;
}

async function hoverText(name: string, line: number): Promise<string> {
  const hovers: vscode.Hover[] = await vscode.commands.executeCommand(
    'vscode.executeHoverProvider',
    file(name),
    new vscode.Position(line, 1),
  );
  return hovers
    .flatMap(({ contents }) => contents.map((part) => (typeof part === 'string' ? part : part.value)))
    .join('\n');
}

async function fixes(uri: vscode.Uri, line: number): Promise<vscode.CodeAction[]> {
  const at = new vscode.Range(line, 0, line, 1000); // a diagnostic may begin anywhere on it
  return vscode.commands.executeCommand(
    'vscode.executeCodeActionProvider',
    uri,
    at,
    vscode.CodeActionKind.QuickFix.value,
  );
}

/** Applies the quick fix of this title at the line. */
async function fix(uri: vscode.Uri, line: number, title: string | RegExp): Promise<void> {
  let offered: vscode.CodeAction[] = [];
  const found = () =>
    offered.find((action) => action.title === title || (title instanceof RegExp && title.test(action.title)));
  await until(async () => {
    offered = await fixes(uri, line);
    return found() !== undefined;
  });
  const edit = found()?.edit;
  ok(edit);
  ok(await vscode.workspace.applyEdit(edit));
}

const activeInput = () => vscode.window.tabGroups.activeTabGroup.activeTab?.input;
const isRows = (viewType: string) => {
  const input = activeInput();
  return input instanceof vscode.TabInputCustom && input.viewType === viewType;
};

const tests: Tests = {
  'a trace in its own file shows what the run made of its prompt': async () => {
    const extension = vscode.extensions.getExtension('superrl.superrl');
    await extension?.activate();
    await show('traces.jsonl');
    await until(async () => /Step 3/.test(await hoverText('traces.jsonl', 0)));
    const text = await hoverText('traces.jsonl', 0);
    match(text, /compare with an earlier one/);
    strictEqual(await hoverText('traces.jsonl', 3), ''); // a trace of no prompt
    const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand(
      'vscode.executeCodeLensProvider',
      file('traces.jsonl'),
      10,
    );
    const titles = lenses.map(({ command }) => command?.title ?? '').join(' | ');
    match(titles, /traces for train\.jsonl/);
    match(titles, /3 traces for 3 of 4 prompts/);
    match(titles, /rows trained on/);
  },

  'a sample is compared with an earlier one of the same prompt': async () => {
    const place = { run: runFolder('small-'), step: 3, group: 0, index: 1 };
    let isDone = false;
    void vscode.commands.executeCommand('superrl.compareSampleWithEarlier', place).then(() => {
      isDone = true;
    });
    await until(async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem'); // nothing while none is shown
      return isDone;
    });
    await until(() => activeInput() instanceof vscode.TabInputTextDiff);
    const input = activeInput();
    ok(input instanceof vscode.TabInputTextDiff);
    const [earlier, now] = [input.original, input.modified].map(({ query }) => JSON.parse(query));
    strictEqual(earlier.step, 2);
    strictEqual(earlier.part.index, 1);
    strictEqual(now.step, 3);
    const prompts = await Promise.all(
      [earlier, now].map(async ({ step, group }) => {
        const lines = readFileSync(join(place.run, `samples/step-00000${step}.jsonl`), 'utf8')
          .trim()
          .split('\n');
        return lines.map((line) => JSON.parse(line)).find((line) => line.kind === 'group' && line.group === group)
          .promptId;
      }),
    );
    strictEqual(prompts[0], prompts[1]);
  },

  'a duplicate and a row without an answer go by quick fix': async () => {
    const uri = (await show('flawed.jsonl')).uri;
    await fix(uri, 2, 'Delete this row, which has no answer');
    await fix(uri, 1, 'Delete this duplicate row');
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    strictEqual(text, '{"prompt":"0>","answer":"0"}\n{"prompt":"3>","answer":"3"}\n');
    await vscode.commands.executeCommand('workbench.action.files.revert');
  },

  'a trace of no prompt goes by quick fix': async () => {
    const document = await show('traces.jsonl');
    await fix(document.uri, 3, 'Delete this trace, which is for no prompt');
    strictEqual(document.lineCount, 4); // three and the empty last line
    await vscode.commands.executeCommand('workbench.action.files.revert');
  },

  'a key that is nearly one becomes that one': async () => {
    const uri = file('mistake.superrl.json');
    await vscode.workspace.fs.writeFile(uri, Buffer.from('{\n  "name": "x",\n  "modell": "m"\n}\n'));
    const document = await show('mistake.superrl.json');
    await fix(uri, 2, 'Change to "model"');
    match(document.getText(), /^ {2}"model": "m"$/m);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  },

  'a dataset without a known answer or prompt is mapped by quick fix': async () => {
    const document = await show('unmapped.superrl.json');
    const line = document
      .getText()
      .split('\n')
      .findIndex((text) => text.includes('"train"'));
    await fix(document.uri, line, 'Take the prompt from “ask” of the dataset');
    await document.save();
    await fix(document.uri, line, 'Take the answer from “final” of the dataset');
    await document.save();
    match(document.getText(), /"prompt": "ask",\s+"answer": "final"/);
    await until(() =>
      vscode.languages.getDiagnostics(document.uri).every(({ source }) => source !== 'SuperRL mapping'),
    );
  },

  'the setting limits the calls of rewards in runs from here, and the log says so': async () => {
    const settings = vscode.workspace.getConfiguration();
    await settings.update('superrl.reward.timeoutMs', 1234, vscode.ConfigurationTarget.Workspace);
    const tasks = await vscode.tasks.fetchTasks({ type: 'superrl' });
    const task = tasks.find(({ definition }) => definition.runFile === 'limited.superrl.json');
    ok(task, tasks.map(({ name }) => name).join());
    strictEqual(await exitCode(task), 0);
    const log = readFileSync(join(runFolder('limited-'), 'events.jsonl'), 'utf8');
    match(log, /A call of a reward may take 1234 ms: the setting superrl\.reward\.timeoutMs/);
    await settings.update('superrl.reward.timeoutMs', undefined, vscode.ConfigurationTarget.Workspace);
  },

  'Parquet opens as rows': async () => {
    await vscode.commands.executeCommand('vscode.open', file('countdown-snappy.parquet'));
    await until(() => isRows('superrl.rows'));
  },

  'text opens as rows when it is asked for': async () => {
    await vscode.commands.executeCommand('superrl.openRows', file('train.jsonl'));
    await until(() => isRows('superrl.textRows'));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },

  'a dataset of more than 50 MB opens as rows by itself, and as text when that is wanted': async () => {
    const large = file('large.jsonl');
    const padding = 'x'.repeat(1000);
    const rows = function* () {
      for (let n = 0; n < 52_000; n++) yield `{"prompt":"${n}> ${padding}","answer":"${n}"}\n`;
    };
    await pipeline(Readable.from(rows()), createWriteStream(large.fsPath));
    ok(statSync(large.fsPath).size > 50 * 2 ** 20);
    await vscode.commands.executeCommand('vscode.open', large);
    await until(() => isRows('superrl.textRows'));
    const texts = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.fsPath === large.fsPath);
    await until(() => texts().length === 0);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  },
};

export function run(): Promise<void> {
  return runTests(tests);
}
