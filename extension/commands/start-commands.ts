// Commands that lead to a run: start it, choose its data, probe how sparse its reward is, open the example.
import { basename, dirname, join, relative } from 'node:path';
import * as vscode from 'vscode';
import { rewardSettings } from '../rewards/reward-settings';
import { editRunFile } from '../run-file/edit-run-file';
import { isRunFile } from '../run-file/run-file-diagnostics';
import type { Services } from '../services';
import { setting } from '../setting';
import { dataFileExtensions } from '../start/data-candidates';
import { type ExampleName, provideExample } from '../start/example';
import { StartWizard } from '../start/start-wizard';
import { fileArgument, type Handlers } from './handler';
import { activeRunFile, askRunFile, pickRunFile, saveRunFile } from './pick-run-file';
import { requestWithProgress } from './with-progress';

type StartCommands = Pick<
  Handlers,
  | 'superrl.startTraining'
  | 'superrl.startTrainingFrom'
  | 'superrl.pickDataset'
  | 'superrl.pickTraces'
  | 'superrl.probeSparsity'
  | 'superrl.openExample'
  | 'superrl.openBrokenExample'
>;

export function startCommands(services: Services): StartCommands {
  return {
    'superrl.startTraining': async (argument) => {
      const runFile = fileArgument(argument) ?? activeRunFile() ?? (await new StartWizard(services).run())?.fsPath;
      if (runFile !== undefined) await startRun(services, runFile);
    },
    'superrl.startTrainingFrom': async () => {
      const runFile = await askRunFile(services, 'Start which run file?');
      if (runFile !== undefined) await startRun(services, runFile);
    },
    'superrl.pickDataset': async (argument) => {
      const dataset = fileArgument(argument);
      const document = dataset === undefined ? openRunFile() : undefined;
      if (document) return pickInto(document, ['data', 'train'], 'Dataset');
      const runFile = await new StartWizard(services).run(dataset === undefined ? {} : { dataset });
      if (runFile) await startRun(services, runFile.fsPath);
    },
    'superrl.pickTraces': async (argument) => {
      const runFile = await pickRunFile(services, argument, 'Traces for which run file?');
      if (runFile === undefined) return;
      const document = await vscode.workspace.openTextDocument(runFile);
      await vscode.window.showTextDocument(document);
      await pickInto(document, ['traces', 'path'], 'Offline traces');
    },
    'superrl.probeSparsity': async (argument) => {
      const runFile = await pickRunFile(services, argument, 'Probe which run file?');
      if (runFile !== undefined) await probe(services, runFile);
    },
    'superrl.openExample': () => openExample(services, 'countdown'),
    'superrl.openBrokenExample': () => openExample(services, 'broken-reward'),
  };
}

async function openExample({ context }: Services, name: ExampleName): Promise<void> {
  const example = await provideExample(context.extensionUri, name);
  if (!example) return;
  if (example.elsewhere) await vscode.commands.executeCommand('vscode.openFolder', example.folder);
  else await vscode.window.showTextDocument(example.runFile, { preview: false });
}

/** Starts a run and shows its dashboard; behind a live one it waits unless the person says otherwise. */
export async function startRun(services: Services, runFile: string, startNow = false): Promise<void> {
  await saveRunFile(runFile);
  const runsDirectory = setting('superrl.runsDirectory');
  const engine = setting('superrl.engine');
  const title = `Starting ${basename(runFile)}`;
  const started = await requestWithProgress(services.connection, title, 'startRun', {
    runFile,
    overrides: engine === 'auto' ? [] : [`engine=${engine}`],
    startNow,
    ...(runsDirectory === '' ? {} : { runsDirectory }),
    settings: rewardSettings(),
  });
  for (const warning of started.warnings) services.log.warn(warning);
  if (started.warnings.length > 0) void vscode.window.showWarningMessage(started.warnings.join(' '));
  services.runs.addDirectory(runsDirectory === '' ? join(dirname(runFile), 'runs') : runsDirectory);
  await services.runs.refresh();
  if (started.run !== undefined) services.dashboards.show([started.run]);
  else if (started.queued) await tellQueued(services, runFile, started.queueId);
}

async function tellQueued(services: Services, runFile: string, queueId: string | undefined): Promise<void> {
  const now = 'Start Now Anyway';
  const message = `${basename(runFile)} waits until the live run has ended. Two runs at once share this machine’s memory and cores: both get slower, and one may run out of memory.`;
  const answer = await vscode.window.showInformationMessage(message, now);
  if (answer !== now || queueId === undefined) return;
  await services.connection.request('cancelQueued', { queueId });
  await startRun(services, runFile, true);
}

async function probe(services: Services, runFile: string): Promise<void> {
  await saveRunFile(runFile);
  const title = `Probing the reward of ${basename(runFile)}`;
  const result = await requestWithProgress(services.connection, title, 'probeSparsity', {
    runFile,
    settings: rewardSettings(),
  });
  const { solved, prompts, upperBound, sparse, reason } = result;
  const verdict = sparse ? 'Sparse' : 'Dense';
  services.log.info(`${runFile}: ${verdict}. ${reason}`);
  await vscode.window.showInformationMessage(
    `${verdict} reward: ${solved} of ${prompts} prompts were solved, at most ${(100 * upperBound).toFixed(1)} % (95 %). ${reason}`,
  );
}

function openRunFile(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document && isRunFile(document.uri) ? document : undefined;
}

/** Writes the file that the person picks into a field of the run file, relative to it. */
async function pickInto(document: vscode.TextDocument, path: readonly string[], title: string): Promise<void> {
  const folder = dirname(document.uri.fsPath);
  const picked = await vscode.window.showOpenDialog({
    title,
    defaultUri: vscode.Uri.file(folder),
    filters: { [title]: dataFileExtensions },
  });
  const file = picked?.[0]?.fsPath;
  if (file !== undefined) await editRunFile(document, path, relative(folder, file).replaceAll('\\', '/'));
}
