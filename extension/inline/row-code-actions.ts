// Quick fixes of problems at rows and traces: take the record out, let another column fill the answer, see the newest
// samples of the prompt and debug the reward on them.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import type { CommandId } from '../contributions/commands';
import { type SampleDocuments, sampleUri } from '../documents/sample-documents';
import { withField } from '../run-file/set-field';
import { dataDiagnosticSources } from './dataset-diagnostics';
import type { DatasetInspections } from './dataset-inspections';
import type { FileOutcomes } from './file-outcomes';
import { dataLanguage, type RecordText, recordAt, rowHash } from './record-text';
import { documentLines } from './row-decorations';
import { otherColumns, rowFixes, traceIn } from './row-fixes';

const mostColumns = 5;

export class RowCodeActions implements vscode.CodeActionProvider {
  constructor(
    private readonly inspections: DatasetInspections,
    private readonly outcomes: FileOutcomes,
    private readonly samples: Pick<SampleDocuments, 'group'>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async provideCodeActions(
    document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): Promise<vscode.CodeAction[]> {
    const ours = diagnostics.filter(({ source }) => dataDiagnosticSources.has(source ?? ''));
    try {
      return (await Promise.all(ours.map((diagnostic) => this.actionsFor(document, diagnostic)))).flat();
    } catch (error) {
      this.log.debug(`${document.uri.fsPath}: ${errorText(error)}`);
      return [];
    }
  }

  private async actionsFor(document: vscode.TextDocument, diagnostic: vscode.Diagnostic): Promise<vscode.CodeAction[]> {
    const language = dataLanguage(document.uri.path);
    const { line } = diagnostic.range.start;
    const record = language && recordAt(documentLines(document), line, language);
    if (!record) return [];
    const use = await this.inspections.useOf(document.uri.fsPath);
    const fixes = rowFixes(String(diagnostic.code), use?.role === 'traces');
    const actions: vscode.CodeAction[] = [];
    for (const fix of fixes) {
      if (fix.kind === 'samples') actions.push(...(await this.sampleActions(document, record)));
      else if (fix.kind === 'mapAnswer') actions.push(...(await this.mapActions(document.uri.fsPath)));
      // A list in one JSON text has commas between its records, which would have to go too.
      else if (language !== 'json') actions.push(removal(document, line, record, fix.title));
    }
    for (const action of actions) action.diagnostics = [diagnostic];
    return actions;
  }

  private async sampleActions({ uri }: vscode.TextDocument, { text }: RecordText): Promise<vscode.CodeAction[]> {
    const hash = rowHash(text);
    const outcome = (await this.outcomes.rows(uri.fsPath, [hash])).get(hash);
    const used = outcome && (await this.outcomes.of(uri.fsPath));
    if (!outcome || !used) return [];
    const { step, group } = outcome;
    const place = { run: used.run, step, group };
    const show = action(`Show the newest samples of this prompt (step ${step})`, 'vscode.open', [
      sampleUri({ ...place, part: { kind: 'group' } }),
    ]);
    if (!vscode.workspace.isTrusted) return [show];
    const debug = 'Debug the reward on the newest sample of this prompt';
    const keep = 'Save this trace as a reward fixture, which can be debugged';
    const found = await this.samples.group(place.run, step, group);
    const demonstration = traceIn(text, found.group.demonstrations);
    return [
      show,
      ...(demonstration === -1 ? [] : [action(keep, 'superrl.saveFixture', [{ ...place, demonstration }])]),
      action(debug, 'superrl.debugReward', [{ ...place, index: 0 }]),
    ];
  }

  private async mapActions(file: string): Promise<vscode.CodeAction[]> {
    const use = await this.inspections.useOf(file);
    if (use?.role !== 'dataset') return [];
    const { columns, mapping } = await this.inspections.inspect(use);
    const names = otherColumns(
      columns.map(({ name }) => name),
      mapping,
    );
    const runFile = await vscode.workspace.openTextDocument(use.runFile);
    return names
      .slice(0, mostColumns)
      .map((name) => mappingAction(runFile, 'answer', name, `in ${basename(use.runFile)}`));
  }
}

/** Lets a column fill a field of data.map; the run file's comments and layout stay. */
export function mappingAction(
  runFile: vscode.TextDocument,
  field: 'prompt' | 'answer',
  column: string,
  where: string,
): vscode.CodeAction {
  const fix = new vscode.CodeAction(`Take the ${field} from “${column}” ${where}`, vscode.CodeActionKind.QuickFix);
  const text = runFile.getText();
  const all = new vscode.Range(runFile.positionAt(0), runFile.positionAt(text.length));
  fix.edit = new vscode.WorkspaceEdit();
  fix.edit.replace(runFile.uri, all, withField(text, ['data', 'map', field], column));
  return fix;
}

function removal(
  { uri }: vscode.TextDocument,
  line: number,
  { endLine }: RecordText,
  title: string,
): vscode.CodeAction {
  const fix = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  fix.edit = new vscode.WorkspaceEdit();
  fix.edit.delete(uri, new vscode.Range(line, 0, endLine + 1, 0));
  return fix;
}

function action(title: string, command: CommandId | 'vscode.open', commandArguments: unknown[]): vscode.CodeAction {
  const fix = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
  fix.command = { title, command, arguments: commandArguments };
  return fix;
}
