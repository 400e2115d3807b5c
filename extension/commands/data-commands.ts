// Commands on data and rewards: audit the traces of a run file into the Problems view, show a file's rows, begin a
// reward function.
import { basename, dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';
import { errorText } from '../../backend/protocol/errors';
import { parseRunFile } from '../../backend/protocol/run-file';
import { type Audit, auditSchema, auditSummary, inspectionSchema } from '../data/inspection';
import { auditSource } from '../inline/dataset-diagnostics';
import { dataLanguage } from '../inline/record-text';
import { rewardSettings } from '../rewards/reward-settings';
import type { Services } from '../services';
import { dataFileExtensions } from '../start/data-candidates';
import { exists } from '../start/example';
import { answerType, exampleLines } from '../start/reward-examples';
import { type RewardData, rewardFileTemplates } from '../start/reward-file-text';
import { fileArgument, type Handlers } from './handler';
import { activeRunFile, pickRunFile, saveRunFile } from './pick-run-file';
import { requestWithProgress } from './with-progress';

type DataCommand = 'superrl.auditTraces' | 'superrl.openRows' | 'superrl.newRewardFunction';

/** A row of a file, as the dashboard names it. */
const rowSchema = z.object({ file: z.string(), row: z.int() });

export function dataCommands(services: Services): Pick<Handlers, DataCommand> {
  const diagnostics = vscode.languages.createDiagnosticCollection('SuperRL traces');
  services.context.subscriptions.push(diagnostics);
  return {
    'superrl.auditTraces': async (argument) => {
      const runFile = await pickRunFile(services, argument, 'Audit the traces of which run file?');
      if (runFile === undefined) return;
      await saveRunFile(runFile);
      const title = `Auditing the traces of ${basename(runFile)}`;
      const result = await requestWithProgress(services.connection, title, 'auditTraces', {
        runFile,
        settings: rewardSettings(),
      });
      await showAudit(auditSchema.parse(result), diagnostics);
    },
    'superrl.openRows': (argument) => openRows(services, argument),
    'superrl.newRewardFunction': () => newRewardFunction(services),
  };
}

/** Of the file that is named, else of the one in the editor, else of one that the person picks. */
async function openRows({ rows }: Services, argument: unknown): Promise<void> {
  const at = rowSchema.safeParse(argument).data;
  const active = vscode.window.activeTextEditor?.document.uri;
  const file =
    at?.file ?? fileArgument(argument) ?? (active && dataLanguage(active.path) ? active.fsPath : await pickDataFile());
  if (file !== undefined) await rows.show(vscode.Uri.file(file), at?.row);
}

async function pickDataFile(): Promise<string | undefined> {
  const title = 'Rows of which file?';
  const picked = await vscode.window.showOpenDialog({ title, filters: { Data: dataFileExtensions } });
  return picked?.[0]?.fsPath;
}

async function showAudit(audit: Audit, diagnostics: vscode.DiagnosticCollection): Promise<void> {
  diagnostics.clear();
  const byFile = new Map<string, vscode.Diagnostic[]>();
  for (const { kind, place, row, reason } of audit.problems) {
    const line = Math.max((place.line ?? 1) - 1, 0);
    const column = Math.max((place.column ?? 1) - 1, 0);
    const range = new vscode.Range(line, column, line, Number.MAX_SAFE_INTEGER);
    const where = place.line === undefined ? `Row ${row + 1}: ` : '';
    const diagnostic = new vscode.Diagnostic(range, `${where}${reason}`, vscode.DiagnosticSeverity.Warning);
    diagnostic.source = auditSource;
    diagnostic.code = kind;
    byFile.set(place.file, [...(byFile.get(place.file) ?? []), diagnostic]);
  }
  for (const [file, found] of byFile) diagnostics.set(vscode.Uri.file(file), found);
  const summary = auditSummary(audit);
  if (audit.problems.length === 0) void vscode.window.showInformationMessage(summary);
  else {
    void vscode.window.showWarningMessage(summary);
    await vscode.commands.executeCommand('workbench.actions.view.problems');
  }
}

async function newRewardFunction(services: Services): Promise<void> {
  const language = await vscode.window.showQuickPick(rewardFileTemplates, { placeHolder: 'In which language?' });
  if (!language) return;
  const folder = await rewardFolder();
  if (folder === undefined) return;
  const name = await vscode.window.showInputBox({
    prompt: 'Name of the reward',
    value: 'correct',
    validateInput: (value) =>
      /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? undefined : 'Letters, digits and _, beginning with a letter.',
  });
  if (name === undefined) return;
  const uri = vscode.Uri.file(join(folder, `${name}.reward.${language.extension}`));
  if (!(await exists(uri))) {
    await vscode.workspace.fs.writeFile(uri, Buffer.from(language.text(name, await rewardData(services))));
    await services.files.refresh();
  }
  await vscode.window.showTextDocument(uri, { preview: false });
}

/** Rows of the dataset of the run file in the editor, or of the only one; undefined: there is none, or it can't be read. */
async function rewardData({ files, connection, log }: Services): Promise<RewardData | undefined> {
  const [only, another] = files.runFiles;
  const runFile = activeRunFile() ?? (another === undefined ? only?.fsPath : undefined);
  if (runFile === undefined) return undefined;
  try {
    const document = await vscode.workspace.openTextDocument(runFile);
    const { parsed } = parseRunFile(document.getText(), runFile);
    if (!parsed) return undefined;
    const file = resolve(dirname(runFile), parsed.data.train);
    const inspection = inspectionSchema.parse(
      await connection.request('inspectData', { file, map: parsed.data.map, limit: 20 }),
    );
    return { lines: exampleLines(inspection, basename(file)), answerType: answerType(inspection) };
  } catch (error) {
    log.info(`The new reward file has no examples from your data: ${errorText(error)}`);
    return undefined;
  }
}

/** Beside the run file in the editor, else the open folder. */
async function rewardFolder(): Promise<string | undefined> {
  const runFile = activeRunFile();
  if (runFile !== undefined) return dirname(runFile);
  const folders = vscode.workspace.workspaceFolders ?? [];
  const [only] = folders;
  if (folders.length === 1 && only) return only.uri.fsPath;
  if (folders.length > 1) return (await vscode.window.showWorkspaceFolderPick())?.uri.fsPath;
  const picked = await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false });
  return picked?.[0]?.fsPath;
}
