// Runs inside the extension host of a real editor, on the real API: what the extension contributes and provides. The
// workspace is a small run of ten steps. `run` is what the editor calls (extensionTestsPath); it throws on a failure.
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { exitCode, folder, runTests, type Tests, until } from './run-tests';

async function completionsAt(uri: vscode.Uri, position: vscode.Position): Promise<string[]> {
  const provider = 'vscode.executeCompletionItemProvider';
  const list: vscode.CompletionList = await vscode.commands.executeCommand(provider, uri, position);
  return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label).replaceAll('"', ''));
}

const tests: Tests = {
  'every contributed command has a handler': async () => {
    const extension = vscode.extensions.getExtension('superrl.superrl');
    ok(extension);
    await extension.activate();
    const there = new Set(await vscode.commands.getCommands(true));
    const contributed: { command: string }[] = extension.packageJSON.contributes.commands;
    const missing = contributed.filter(({ command }) => !there.has(command)).map(({ command }) => command);
    deepStrictEqual(missing, []);
  },

  'a run file is JSON with comments, and its mistakes are marked where they are': async () => {
    const uri = vscode.Uri.file(join(folder(), 'mistake.superrl.json'));
    const text =
      '{\n  // a comment\n  "name": "x",\n  "modell": "m",\n  "model": "m",\n  "data": { "train": "t.jsonl" },\n}\n';
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    strictEqual(document.languageId, 'jsonc');
    const own = () => vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'SuperRL');
    await until(() => own().length > 0);
    const [first] = own();
    ok(first);
    strictEqual(first.range.start.line, 3);
    match(first.message, /modell.*did you mean "model"/i);
    // Its comment and trailing comma are fine with the editor too.
    const others = vscode.languages.getDiagnostics(uri).filter(({ source }) => source !== 'SuperRL');
    deepStrictEqual(
      others.map(({ message }) => message).filter((message) => !/not allowed/.test(message)),
      [],
    );
  },

  'a fixture is JSON with comments, and its fields are completed': async () => {
    const uri = vscode.Uri.file(join(folder(), 'some.reward.json'));
    const text =
      '{\n  // a comment\n  "use": "exact",\n  "cases": [{ "completion": "1", "answr": "1", "expected": 1,  }]\n}\n';
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    strictEqual(document.languageId, 'jsonc');
    const line = document.lineAt(3).text;
    const place = new vscode.Position(3, line.indexOf('  }') + 1);
    await until(async () => (await completionsAt(uri, place)).includes('tolerance'));
    const said = () => vscode.languages.getDiagnostics(uri).map(({ message }) => message);
    await until(() => said().length > 0);
    deepStrictEqual(said(), ['Property answr is not allowed.']);
  },

  'completion and hover come from the schema that the backend checks with': async () => {
    const uri = vscode.Uri.file(join(folder(), 'empty.superrl.json'));
    await vscode.workspace.fs.writeFile(uri, Buffer.from('{\n  "method": "superrl",\n  \n}\n'));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    const labels = () => completionsAt(uri, new vscode.Position(2, 2));
    await until(async () => (await labels()).includes('rollout'));
    for (const field of ['rollout', 'rewards', 'switch', 'hybrid', 'budget'])
      ok((await labels()).includes(field), field);
    const hovers: vscode.Hover[] = await vscode.commands.executeCommand(
      'vscode.executeHoverProvider',
      uri,
      new vscode.Position(1, 5),
    );
    const said = hovers.flatMap(({ contents }) =>
      contents.map((part) => (typeof part === 'string' ? part : part.value)),
    );
    match(said.join('\n'), /Preset/);
  },

  'a run file has lenses to start and to probe': async () => {
    const uri = vscode.Uri.file(join(folder(), 'small.superrl.json'));
    await vscode.window.showTextDocument(uri);
    const lenses: vscode.CodeLens[] = await vscode.commands.executeCommand('vscode.executeCodeLensProvider', uri, 10);
    const titles = lenses.map(({ command }) => command?.title ?? '');
    ok(
      titles.some((title) => title.includes('Start Training')),
      titles.join(),
    );
    ok(
      titles.some((title) => title.includes('Probe Sparsity')),
      titles.join(),
    );
  },

  'a task trains a run file and ends with exit code 0': async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'superrl' });
    const task = tasks.find(({ definition }) => definition.runFile === 'small.superrl.json');
    ok(task, tasks.map(({ name }) => name).join());
    strictEqual(await exitCode(task), 0);
  },

  'a task whose run file is wrong ends with exit code 1': async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'superrl' });
    const task = tasks.find(({ definition }) => definition.runFile === 'mistake.superrl.json');
    ok(task);
    strictEqual(await exitCode(task), 1);
  },

  'stored samples open as documents and compare with their trace': async () => {
    const [run] = readdirSync(join(folder(), 'runs')).filter((name) => name.startsWith('small-'));
    ok(run);
    const place = { run: join(folder(), 'runs', run), step: 1, group: 0 };
    await vscode.commands.executeCommand('superrl.openSample', { ...place, index: 1 });
    await until(() => vscode.window.activeTextEditor?.document.uri.scheme === 'superrl-sample');
    strictEqual(vscode.window.activeTextEditor?.document.uri.path, '/step 1 group 1 completion 2.txt');
    await vscode.commands.executeCommand('superrl.compareSampleWithTrace', { ...place, index: 1 });
    await until(() => vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff);
  },
};

export function run(): Promise<void> {
  return runTests(tests);
}
