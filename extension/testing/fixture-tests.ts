// Reward fixtures (`*.reward.json`) in the Testing view: a file is a suite, each case a test; run by the same scorer as
// training, or debugged with the case as input. The same files run in a terminal by `superrl reward test`.
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { errorText } from '../../backend/protocol/errors';
import {
  type FixtureResult,
  fixtureCaseName,
  fixtureResultSchema,
  readRewardFixture,
} from '../../backend/protocol/reward-fixture';
import type { RewardDebugging } from '../debugging/reward-debugging';
import { rewardSettings } from '../rewards/reward-settings';
import type { ServerConnection } from '../server/server-connection';

const pattern = '**/*.reward.json';
const resultsSchema = z.object({ results: z.array(fixtureResultSchema) });

export interface FixtureTestsOptions {
  readonly connection: Pick<ServerConnection, 'request'>;
  readonly debugging: RewardDebugging;
}

export class FixtureTests implements vscode.Disposable {
  private readonly controller = vscode.tests.createTestController('superrl.fixtures', 'SuperRL Reward Fixtures');
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly options: FixtureTestsOptions) {
    const { controller } = this;
    controller.resolveHandler = (item) => (item ? this.readCases(item) : this.find());
    controller.refreshHandler = () => this.find();
    controller.createRunProfile(
      'Run',
      vscode.TestRunProfileKind.Run,
      (request, token) => this.run(request, token),
      true,
    );
    controller.createRunProfile('Debug', vscode.TestRunProfileKind.Debug, (request) => this.debug(request), true);
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    watcher.onDidCreate((uri) => void this.readFile(uri));
    watcher.onDidChange((uri) => void this.readFile(uri));
    watcher.onDidDelete((uri) => controller.items.delete(uri.toString()));
    this.disposables = [controller, watcher];
    void this.find();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async find(): Promise<void> {
    const found = await vscode.workspace.findFiles(pattern, '**/{node_modules,.git,runs,dist}/**');
    const wanted = new Set(found.map(String));
    for (const [id] of this.controller.items) if (!wanted.has(id)) this.controller.items.delete(id);
    await Promise.all(found.map((uri) => this.readFile(uri)));
  }

  private async readFile(uri: vscode.Uri): Promise<void> {
    const { controller } = this;
    const known = controller.items.get(uri.toString());
    const item = known ?? controller.createTestItem(uri.toString(), basename(uri.fsPath), uri);
    item.canResolveChildren = true;
    if (!known) controller.items.add(item);
    await this.readCases(item);
  }

  /** Cases by their number in the file. */
  private async readCases(item: vscode.TestItem): Promise<void> {
    const { uri } = item;
    if (!uri || item.parent) return;
    try {
      const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
      const { fixture, caseLines } = readRewardFixture(text, uri.fsPath);
      item.error = undefined;
      item.children.replace(
        fixture.cases.map((one, index) => {
          const child = this.controller.createTestItem(String(index), fixtureCaseName(one), uri);
          const line = (caseLines[index] ?? 1) - 1;
          child.range = new vscode.Range(line, 0, line, 0);
          child.sortText = String(index).padStart(6, '0');
          return child;
        }),
      );
    } catch (error) {
      item.error = errorText(error);
      item.children.replace([]);
    }
  }

  private async run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const run = this.controller.createTestRun(request);
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    try {
      for (const [file, cases] of this.chosen(request)) {
        if (token.isCancellationRequested) break;
        await vscode.workspace.saveAll(false);
        for (const one of cases) run.started(one);
        await this.runFile(run, file, cases, abort.signal);
      }
    } finally {
      run.end();
    }
  }

  private async runFile(
    run: vscode.TestRun,
    file: vscode.TestItem,
    cases: readonly vscode.TestItem[],
    signal: AbortSignal,
  ): Promise<void> {
    const path = file.uri?.fsPath ?? '';
    try {
      const params = { files: [path], settings: rewardSettings() };
      const answer = await this.options.connection.request('runFixtures', params, { signal });
      const [result] = resultsSchema.parse(answer).results;
      if (result) for (const one of cases) report(run, one, result);
    } catch (error) {
      const message = new vscode.TestMessage(errorText(error));
      for (const one of cases) if (!signal.aborted) run.errored(one, message);
    }
  }

  /** The first chosen case; the debugger has one function at a time. */
  private async debug(request: vscode.TestRunRequest): Promise<void> {
    const [first] = this.chosen(request);
    const one = first?.[1][0];
    const fixtureFile = first?.[0].uri?.fsPath;
    if (!one || fixtureFile === undefined) return;
    const run = this.controller.createTestRun(request);
    try {
      const text = Buffer.from(await vscode.workspace.fs.readFile(vscode.Uri.file(fixtureFile))).toString('utf8');
      const { fixture } = readRewardFixture(text, fixtureFile);
      const params = { fixtureFile, case: Number(one.id), settings: rewardSettings() };
      await this.options.debugging.debug({
        rewardFile: resolve(dirname(fixtureFile), fixture.file ?? ''),
        export: fixture.export,
        title: `${fixture.export ?? basename(fixture.file ?? '')} on “${one.label}”`,
        start: () => this.options.connection.request('debugFixture', params),
      });
      run.skipped(one); // what it said under the debugger is no verdict
    } catch (error) {
      run.errored(one, new vscode.TestMessage(errorText(error)));
    } finally {
      run.end();
    }
  }

  /** Chosen cases by their file; a file stands for all of its cases. */
  private chosen({ include, exclude }: vscode.TestRunRequest): Map<vscode.TestItem, vscode.TestItem[]> {
    const files = new Map<vscode.TestItem, vscode.TestItem[]>();
    const roots = include ?? [...this.controller.items].map(([, item]) => item);
    for (const item of roots) {
      const file = item.parent ?? item;
      const cases = item.parent ? [item] : [...item.children].map(([, child]) => child);
      const wanted = cases.filter((one) => !exclude?.includes(one) && !exclude?.includes(file));
      if (wanted.length > 0) files.set(file, [...(files.get(file) ?? []), ...wanted]);
    }
    return files;
  }
}

function report(run: vscode.TestRun, one: vscode.TestItem, result: FixtureResult): void {
  const found = result.cases[Number(one.id)];
  if (!found) {
    run.errored(one, new vscode.TestMessage(result.error ?? 'The fixture file has changed: this case is gone.'));
    return;
  }
  const { outcome, passed, message } = found;
  if (outcome.console !== undefined) run.appendOutput(outcome.console.replaceAll(/\r?\n/g, '\r\n'), undefined, one);
  if (passed) {
    run.passed(one, outcome.ms);
    return;
  }
  const stack = 'invalid' in outcome && outcome.stack !== undefined ? `\n${outcome.stack}` : '';
  const failure = new vscode.TestMessage(`${message ?? 'It did not pass.'}${stack}`);
  if (one.uri && one.range) failure.location = new vscode.Location(one.uri, one.range);
  run.failed(one, failure, outcome.ms);
}
