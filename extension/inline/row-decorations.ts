// Behind each row in view of a dataset: what the newest run made of it. Only the lines in view are read and hashed, so
// that typing costs the same in a file of any size.
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import { setting } from '../setting';
import type { RunList } from '../watch/run-list';
import type { FileOutcomes } from './file-outcomes';
import { outcomeLine } from './outcome-text';
import { type DataLanguage, dataLanguage, type Lines, recordAt, rowHash } from './record-text';

const afterTypingMs = 80;
const betweenStepsMs = 2000;
/** Lines beyond the view that are decorated too, so that scrolling shows no gap. */
const margin = 20;
const mostLines = 500;

export class RowDecorations implements vscode.Disposable {
  private readonly type = vscode.window.createTextEditorDecorationType({
    after: { color: new vscode.ThemeColor('editorCodeLens.foreground'), margin: '0 0 0 2em' },
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private readonly waiting = new Map<vscode.TextEditor, NodeJS.Timeout>();
  private readonly disposables: { dispose(): unknown }[];
  private steps: NodeJS.Timeout | undefined;

  constructor(
    private readonly outcomes: FileOutcomes,
    private readonly runs: RunList,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.disposables = [
      this.type,
      vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.showSoon(textEditor)),
      vscode.window.onDidChangeVisibleTextEditors((editors) => this.showAll(editors)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.showAll(vscode.window.visibleTextEditors.filter((editor) => editor.document === document));
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('superrl.inline.enabled')) this.showAll(vscode.window.visibleTextEditors);
      }),
      runs.onDidChange(() => {
        this.steps ??= setTimeout(() => {
          this.steps = undefined;
          this.showAll(vscode.window.visibleTextEditors);
        }, betweenStepsMs);
      }),
    ];
    this.showAll(vscode.window.visibleTextEditors);
  }

  dispose(): void {
    clearTimeout(this.steps);
    for (const timer of this.waiting.values()) clearTimeout(timer);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private showAll(editors: readonly vscode.TextEditor[]): void {
    for (const editor of editors) this.showSoon(editor);
  }

  private showSoon(editor: vscode.TextEditor): void {
    const { uri } = editor.document;
    const language = uri.scheme === 'file' ? dataLanguage(uri.path) : undefined;
    if (language === undefined) return;
    clearTimeout(this.waiting.get(editor));
    this.waiting.set(
      editor,
      setTimeout(() => {
        this.waiting.delete(editor);
        this.show(editor, language).catch((error) => this.log.debug(`${uri.fsPath}: ${errorText(error)}`));
      }, afterTypingMs),
    );
  }

  private async show(editor: vscode.TextEditor, language: DataLanguage): Promise<void> {
    const { document } = editor;
    if (!setting('superrl.inline.enabled') || this.runs.all.length === 0) {
      editor.setDecorations(this.type, []);
      return;
    }
    const { version } = document;
    const rows = rowsInView(editor, language);
    const found = await this.outcomes.rows(
      document.uri.fsPath,
      rows.map(({ hash }) => hash),
    );
    if (document.version !== version) return; // shown again after the change
    const decorations = rows.flatMap(({ line, hash }): vscode.DecorationOptions[] => {
      const outcome = found.get(hash);
      if (!outcome) return [];
      const end = document.lineAt(line).range.end;
      return [{ range: new vscode.Range(end, end), renderOptions: { after: { contentText: outcomeLine(outcome) } } }];
    });
    editor.setDecorations(this.type, decorations);
  }
}

interface RowInView {
  /** Where its text ends. */
  readonly line: number;
  readonly hash: string;
}

function rowsInView({ document, visibleRanges }: vscode.TextEditor, language: DataLanguage): RowInView[] {
  const lines = documentLines(document);
  const rows: RowInView[] = [];
  for (const { start, end } of visibleRanges) {
    const last = Math.min(end.line + margin, document.lineCount - 1);
    for (let line = Math.max(start.line - margin, 0); line <= last && rows.length < mostLines; line++) {
      const record = recordAt(lines, line, language);
      if (record) rows.push({ line: language === 'json' ? line : record.endLine, hash: rowHash(record.text) });
    }
  }
  return rows;
}

export function documentLines(document: vscode.TextDocument): Lines {
  return { lineCount: document.lineCount, lineAt: (line) => document.lineAt(line).text };
}
