// One paged view: reads rows from the server as the page asks for them, adds what the newest run made of each, live, and
// opens what is clicked.
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../../backend/protocol/errors';
import {
  type RowAction,
  type RowsHostMessage,
  type RowsViewMessage,
  rowActions,
  rowsViewMessageSchema,
} from '../../backend/protocol/rows-view';
import type { CommandId } from '../contributions/commands';
import { sampleUri } from '../documents/sample-documents';
import type { DatasetInspections } from '../inline/dataset-inspections';
import type { FileOutcomes } from '../inline/file-outcomes';
import { type HeadFact, headFacts } from '../inline/head-facts';
import { outcomeLine } from '../inline/outcome-text';
import type { ServerConnection } from '../server/server-connection';
import { setting } from '../setting';
import type { RunList } from '../watch/run-list';
import type { ViewReason } from './view-reason';
import { viewedGroup } from './viewed-group';

const betweenStepsMs = 2000;
/** A page that is there answers within a few. */
const longestAnswerMs = 500;
/** Characters of a cell in the grid, and in the row that is open. */
const gridCell = 300;
const wholeCell = 200_000;
/** Rows whose hashes are kept for outcomes; more than are in view. */
const mostHashes = 20_000;

export interface RowsPanelOptions {
  readonly panel: vscode.WebviewPanel;
  readonly file: string;
  readonly reason: ViewReason;
  readonly connection: Pick<ServerConnection, 'request'>;
  readonly outcomes: FileOutcomes;
  readonly inspections: DatasetInspections;
  readonly runs: RunList;
  readonly log: vscode.LogOutputChannel;
  readonly openAsText: () => Promise<void>;
}

export class RowsPanel {
  private readonly disposables: { dispose(): unknown }[];
  private readonly hashes = new Map<number, string>();
  private facts: readonly HeadFact[] = [];
  private visible: { readonly from: number; readonly to: number } = { from: 0, to: 0 };
  private ready = false;
  private revealed: number | undefined;
  private searches = 0;
  private steps: NodeJS.Timeout | undefined;
  private readonly asked = new Set<(isShown: boolean) => void>();

  constructor(private readonly options: RowsPanelOptions) {
    const { panel, file, runs } = options;
    const watched = new vscode.RelativePattern(vscode.Uri.file(dirname(file)), basename(file));
    const watcher = vscode.workspace.createFileSystemWatcher(watched, false, false, true);
    const changed = () => this.changed();
    this.disposables = [
      watcher,
      watcher.onDidChange(changed),
      watcher.onDidCreate(changed),
      panel.webview.onDidReceiveMessage((message: unknown) => void this.receive(message)),
      runs.onDidChange(() => {
        this.steps ??= setTimeout(() => {
          this.steps = undefined;
          this.attempt(this.refresh());
        }, betweenStepsMs);
      }),
      panel.onDidChangeViewState(() => this.attempt(this.refresh())),
    ];
    panel.onDidDispose(() => this.dispose());
  }

  /** Goes to the row, at once or when the page is there. */
  reveal(row: number): void {
    this.options.panel.reveal();
    this.revealed = row;
    if (this.ready) this.postRevealed();
  }

  private postRevealed(): void {
    if (this.revealed !== undefined) this.post({ kind: 'reveal', row: this.revealed });
    this.revealed = undefined;
  }

  /** Whether the page answers: the editor may have put something else into its tab, and doesn't tell. */
  isShown(): Promise<boolean> {
    return new Promise((resolve) => {
      const tell = (isShown: boolean) => {
        clearTimeout(patience);
        this.asked.delete(tell);
        resolve(isShown);
      };
      const patience = setTimeout(() => tell(false), longestAnswerMs);
      this.asked.add(tell);
      this.post({ kind: 'isShown' });
    });
  }

  private async receive(raw: unknown): Promise<void> {
    const message = rowsViewMessageSchema.safeParse(raw);
    if (!message.success) {
      this.options.log.warn('The paged view sent a message that is not in its contract; it is ignored.');
      return;
    }
    try {
      await this.handle(message.data);
    } catch (error) {
      if ('id' in message.data) this.post({ kind: 'refused', id: message.data.id, message: errorText(error) });
      else this.options.log.error(error instanceof Error ? error : String(error));
    }
  }

  private async handle(message: RowsViewMessage): Promise<void> {
    switch (message.kind) {
      case 'ready':
        this.start();
        return;
      case 'shown':
        for (const tell of this.asked) tell(true);
        return;
      case 'readRows':
        return this.readRows(message.id, message.from, message.count);
      case 'search':
        return this.search(message.id, message.text, message.from);
      case 'readDetail':
        return this.readDetail(message.id, message.row);
      case 'visible':
        this.visible = message;
        return this.postOutcomes(message.from, message.to);
      case 'act': {
        const { action, step, group, index } = message;
        const run = (await this.options.outcomes.of(this.options.file))?.run;
        if (run !== undefined) await command(commandsOf[action], { run, step, group, index });
        return;
      }
      case 'openGroup': {
        const { step, group } = message;
        const run = (await this.options.outcomes.of(this.options.file))?.run;
        if (run !== undefined) await command('vscode.open', sampleUri({ run, step, group, part: { kind: 'group' } }));
        return;
      }
      case 'openFact': {
        const fact = this.facts[message.index];
        if (fact) await command(fact.command, fact.argument);
        return;
      }
      case 'openAsText':
        return this.options.openAsText();
    }
  }

  private start(): void {
    const { file, reason } = this.options;
    this.ready = true;
    const trusted = vscode.workspace.isTrusted;
    const actions = rowActions.filter((action) => trusted || action !== 'debugReward');
    this.post({ kind: 'init', name: basename(file), ...reason, actions });
    this.postRevealed();
    this.attempt(this.postFacts());
  }

  private async readRows(id: number, from: number, count: number): Promise<void> {
    const { connection, file } = this.options;
    const page = await connection.request('readRows', { file, from, count, cell: gridCell });
    for (const { row, rowHash } of page.rows) this.hashes.set(row, rowHash);
    for (const row of this.hashes.keys()) {
      if (this.hashes.size <= mostHashes) break;
      this.hashes.delete(row);
    }
    const rows = page.rows.map(({ row, line, cells }) => ({ row, cells, ...(line === undefined ? {} : { line }) }));
    const { known, complete, problem } = page;
    this.post({ kind: 'rows', id, rows, known, complete, ...(problem === undefined ? {} : { problem }) });
    this.attempt(this.postOutcomes(from, from + page.rows.length));
  }

  private async search(id: number, text: string, from: number): Promise<void> {
    const { connection, file } = this.options;
    const ours = ++this.searches;
    for (let next = from; ; ) {
      const found = await connection.request('searchRows', { file, text, from: next });
      const isOver = found.complete && found.next >= found.known;
      if (found.row !== undefined || isOver || ours !== this.searches) {
        this.post({ kind: 'found', id, ...(found.row === undefined ? {} : { row: found.row }) });
        return;
      }
      next = found.next;
      this.post({ kind: 'searched', id, rows: next });
    }
  }

  private async readDetail(id: number, number: number): Promise<void> {
    const { connection, file, outcomes } = this.options;
    const { rows } = await connection.request('readRows', { file, from: number, count: 1, cell: wholeCell });
    const [found] = rows;
    if (!found) throw new Error(`There is no row ${number + 1}.`);
    const { rowHash, cells, line } = found;
    const row = { row: number, cells, ...(line === undefined ? {} : { line }) };
    const outcome = (await outcomes.rows(file, [rowHash])).get(rowHash);
    const run = outcome && (await outcomes.of(file))?.run;
    if (!outcome || run === undefined) {
      this.post({ kind: 'detail', id, row });
      return;
    }
    const { step, group } = outcome;
    const { groups } = await connection.request('readSamples', { run, step, group });
    const sampled = groups.find((each) => each.group.group === group);
    this.post({ kind: 'detail', id, row, ...(sampled && { group: viewedGroup(outcome, sampled) }) });
  }

  private async postOutcomes(from: number, to: number): Promise<void> {
    const { outcomes, file, runs } = this.options;
    if (!setting('superrl.inline.enabled') || runs.all.length === 0) return;
    const rows: { row: number; hash: string }[] = [];
    for (let row = from; row < to; row++) {
      const hash = this.hashes.get(row);
      if (hash !== undefined) rows.push({ row, hash });
    }
    const found = await outcomes.rows(
      file,
      rows.map(({ hash }) => hash),
    );
    const texts = rows.map(({ row, hash }) => {
      const outcome = found.get(hash);
      return { row, text: outcome ? outcomeLine(outcome) : '' };
    });
    this.post({ kind: 'outcomes', outcomes: texts });
  }

  private async postFacts(): Promise<void> {
    const { file, inspections, outcomes } = this.options;
    this.facts = setting('superrl.inline.enabled') ? await headFacts(file, inspections, outcomes) : [];
    this.post({ kind: 'facts', facts: this.facts.map(({ title }) => title) });
  }

  /** The run has gone on, or the view is shown again. */
  private async refresh(): Promise<void> {
    if (!this.ready || !this.options.panel.visible) return;
    await this.postOutcomes(this.visible.from, this.visible.to);
    await this.postFacts();
  }

  private changed(): void {
    this.hashes.clear();
    this.post({ kind: 'changed' });
    this.attempt(this.postFacts());
  }

  /** What only adds to the rows: that it failed is for the log. */
  private attempt(work: Promise<void>): void {
    work.catch((error: unknown) => this.options.log.debug(`${this.options.file}: ${errorText(error)}`));
  }

  private post(message: RowsHostMessage): void {
    void this.options.panel.webview.postMessage(message);
  }

  private dispose(): void {
    this.searches++; // ends one that goes on
    clearTimeout(this.steps);
    for (const disposable of this.disposables) disposable.dispose();
  }
}

const commandsOf: Readonly<Record<RowAction, CommandId>> = {
  openSample: 'superrl.openSample',
  compareWithTrace: 'superrl.compareSampleWithTrace',
  compareWithEarlier: 'superrl.compareSampleWithEarlier',
  debugReward: 'superrl.debugReward',
};

async function command(id: CommandId | 'vscode.open', argument: unknown): Promise<void> {
  await vscode.commands.executeCommand(id, argument);
}
