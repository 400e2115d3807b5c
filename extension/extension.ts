// Starts the extension: makes the services, connects them with the editor, and goes on where a window left off.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../backend/protocol/errors';
import { registerCommands } from './commands/register';
import { startRun } from './commands/start-commands';
import { updateContexts } from './contexts';
import { taskType } from './contributions/task';
import { dashboardViewType } from './contributions/views';
import { DashboardPanels } from './dashboard/dashboard-panels';
import { RewardDebugging } from './debugging/reward-debugging';
import { ReportDocuments, reportScheme } from './documents/report-documents';
import { RescoreDocuments, rescoreScheme } from './documents/rescore-documents';
import { SampleCodeLens } from './documents/sample-code-lens';
import { SampleDocuments, sampleScheme } from './documents/sample-documents';
import { DatasetCodeLens } from './inline/dataset-code-lens';
import { DatasetDiagnostics } from './inline/dataset-diagnostics';
import { DatasetInspections } from './inline/dataset-inspections';
import { FileOutcomes } from './inline/file-outcomes';
import { RowCodeActions } from './inline/row-code-actions';
import { RowDecorations } from './inline/row-decorations';
import { RowHover } from './inline/row-hover';
import { TraceRows } from './inline/trace-rows';
import { RewardCodeLens } from './rewards/reward-code-lens';
import { RewardDiagnostics } from './rewards/reward-diagnostics';
import { RewardWatch } from './rewards/reward-watch';
import { RunRewards } from './rewards/run-rewards';
import { LargeFiles } from './rows/large-files';
import { RowsEditor, registerRowsEditor } from './rows/rows-editor';
import { MappingDiagnostics } from './run-file/mapping-diagnostics';
import { RunFileCodeLens } from './run-file/run-file-code-lens';
import { RunFileDiagnostics } from './run-file/run-file-diagnostics';
import { RunTasks } from './run-tasks';
import { chooseRuntime, fileExists, type Runtime, versionOf } from './server/runtime';
import { ServerConnection } from './server/server-connection';
import { ServerLauncher } from './server/server-launcher';
import { VersionChange } from './server/version-change';
import type { Services } from './services';
import { setting } from './setting';
import { showError } from './show-error';
import { takePendingStart } from './start/example';
import { StatusBar } from './status-bar';
import { offerTerminalCommand } from './terminal-command';
import { FixtureTests } from './testing/fixture-tests';
import { DatasetsView } from './views/datasets-view';
import { RewardsView } from './views/rewards-view';
import { RunsView } from './views/runs-view';
import { RunList } from './watch/run-list';
import { WorkspaceFiles } from './workspace-files';

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('SuperRL', { log: true });
  context.subscriptions.push(log);
  const services = createServices(context, log);
  registerEditorParts(services);
  context.subscriptions.push(...registerCommands(services));
  await services.files.refresh();
  await services.runs.refresh();
  await startPending(services);
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => trusted(services)));
}

function createServices(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Services {
  const script = join(context.extensionPath, 'dist', 'superrl.mjs');
  let runtime: Runtime | undefined;
  const launcher = new ServerLauncher({
    script,
    isReadOnly: () => !vscode.workspace.isTrusted,
    chooseRuntime: async () => {
      runtime = await runtimeForThisWindow();
      return runtime;
    },
    log: (message) => log.info(message),
  });
  const connection = new ServerConnection({
    findOrStart: (failed) => launcher.findOrStart(failed),
    log: (message) => log.info(message),
  });
  const files = new WorkspaceFiles();
  const runs = new RunList({
    connection,
    directories: () => files.runsDirectories(),
    onProblem: (error) => log.warn(`The runs can’t be listed: ${errorText(error)}`),
  });
  new VersionChange({ version: String(context.extension.packageJSON.version), connection, list: runs, log });
  const dashboards = new DashboardPanels({ extensionUri: context.extensionUri, connection, list: runs, log });
  const debugging = new RewardDebugging({ connection, showError: (error) => void showError(error, log) });
  const rewards = new RunRewards({ connection, runs: () => runs.all });
  const rewardWatch = new RewardWatch({ connection, runs, rewards });
  const inspections = new DatasetInspections(files, connection);
  const outcomes = new FileOutcomes({ connection, runs, traces: new TraceRows(inspections, connection) });
  const { extensionUri } = context;
  context.subscriptions.push(files, debugging, rewardWatch, { dispose: () => connection.close() });
  return {
    context,
    log,
    connection,
    files,
    runs,
    dashboards,
    samples: new SampleDocuments(connection),
    inspections,
    outcomes,
    rows: new RowsEditor({ extensionUri, connection, outcomes, inspections, runs, log }),
    reports: new ReportDocuments(),
    rewards,
    rewardWatch,
    rescored: new RescoreDocuments(),
    debugging,
    runtimeReason: () => runtime?.reason,
    script,
  };
}

function runtimeForThisWindow(): Promise<Runtime> {
  return chooseRuntime({
    nodePath: setting('superrl.nodePath'),
    trusted: vscode.workspace.isTrusted,
    editorExecutable: process.execPath,
    platform: process.platform,
    env: process.env,
    versionOf,
    exists: fileExists,
  });
}

function registerEditorParts(services: Services): void {
  const { context, connection, files, runs, dashboards, samples, reports, rewardWatch, rescored } = services;
  files.onDidChange(() => void runs.refresh());
  runs.onDidChange(updateContexts);
  updateContexts([]);
  const rewardSources = { scheme: 'file', pattern: '**/*.{ts,mts,js,mjs,cjs,py}' };
  const rewardDiagnostics = new RewardDiagnostics(rewardWatch, files, services.log);
  const runFileDiagnostics = new RunFileDiagnostics();
  const mappingDiagnostics = new MappingDiagnostics(connection, services.log);
  const runFiles = { language: 'jsonc', pattern: '**/*.superrl.json', scheme: 'file' };
  context.subscriptions.push(
    new StatusBar(runs, connection),
    runFileDiagnostics,
    mappingDiagnostics,
    vscode.languages.registerCodeActionsProvider(runFiles, runFileDiagnostics),
    vscode.languages.registerCodeActionsProvider(runFiles, mappingDiagnostics),
    vscode.window.createTreeView('superrl.runs', { treeDataProvider: new RunsView(runs), showCollapseAll: true }),
    vscode.window.createTreeView('superrl.data', { treeDataProvider: new DatasetsView(files, connection) }),
    vscode.window.createTreeView('superrl.rewards', { treeDataProvider: new RewardsView(files, rewardWatch) }),
    vscode.languages.registerCodeLensProvider(runFiles, new RunFileCodeLens(runs)),
    vscode.languages.registerCodeLensProvider(rewardSources, new RewardCodeLens(rewardWatch, files)),
    rewardDiagnostics,
    vscode.languages.registerCodeActionsProvider(rewardSources, rewardDiagnostics),
    vscode.workspace.registerTextDocumentContentProvider(rescoreScheme, rescored),
    vscode.languages.registerDocumentLinkProvider({ scheme: rescoreScheme }, rescored),
    vscode.workspace.registerTextDocumentContentProvider(sampleScheme, samples),
    vscode.languages.registerCodeLensProvider({ scheme: sampleScheme }, new SampleCodeLens()),
    vscode.workspace.registerTextDocumentContentProvider(reportScheme, reports),
    vscode.window.registerWebviewPanelSerializer(dashboardViewType, dashboards),
    vscode.tasks.registerTaskProvider(taskType.type, new RunTasks(services)),
  );
  registerInlineParts(services);
  context.subscriptions.push(new FixtureTests({ connection, debugging: services.debugging }));
  if (vscode.workspace.isTrusted) void offerCommand(services);
}

/** In files of data and traces: outcomes of the rows in view, what is known of the file, what is wrong with its rows. */
function registerInlineParts({
  context,
  connection,
  files,
  runs,
  log,
  inspections,
  outcomes,
  samples,
  rows,
}: Services): void {
  const dataFiles = { scheme: 'file', pattern: '**/*.{jsonl,ndjson,json,csv}' };
  const lenses = new DatasetCodeLens(inspections, outcomes, runs);
  const diagnostics = new DatasetDiagnostics(inspections, files, log);
  context.subscriptions.push(
    lenses,
    diagnostics,
    new RowDecorations(outcomes, runs, log),
    vscode.languages.registerHoverProvider(dataFiles, new RowHover(outcomes, connection)),
    vscode.languages.registerCodeLensProvider(dataFiles, lenses),
    vscode.languages.registerCodeActionsProvider(dataFiles, new RowCodeActions(inspections, outcomes, samples, log)),
    ...registerRowsEditor(rows),
    new LargeFiles(rows, inspections, log),
  );
}

async function offerCommand({ context, log, script }: Services): Promise<void> {
  try {
    offerTerminalCommand(context, script, await runtimeForThisWindow());
  } catch (error) {
    log.warn(`The terminal gets no command superrl: ${errorText(error)}`);
  }
}

/** Leaves the read-only server for the full one. */
async function trusted(services: Services): Promise<void> {
  services.connection.reconnect();
  await offerCommand(services);
  await services.runs.refresh();
  await startPending(services);
}

async function startPending(services: Services): Promise<void> {
  if (!vscode.workspace.isTrusted) return;
  const runFile = await takePendingStart(services.context.globalState);
  if (runFile) await startRun(services, runFile.fsPath).catch((error) => showError(error, services.log));
}
