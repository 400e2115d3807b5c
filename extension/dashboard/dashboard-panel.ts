// One dashboard panel: follows the events of its runs, relays what the feed makes of them in batches, posts nothing
// while hidden and everything when shown again, and answers what the page asks.
import * as vscode from 'vscode';
import {
  type DashboardAction,
  dashboardActions,
  type HostMessage,
  type WebviewMessage,
  webviewMessageSchema,
} from '../../backend/protocol/dashboard';
import { errorText } from '../../backend/protocol/errors';
import type { CommandId } from '../contributions/commands';
import type { Subscription } from '../listeners';
import { showDatasetRow } from '../rows/show-dataset-row';
import type { ConnectionState, ServerConnection } from '../server/server-connection';
import { setting } from '../setting';
import type { RunList } from '../watch/run-list';
import { DashboardFeed } from './dashboard-feed';
import { dashboardGroup } from './dashboard-group';
import { PageBatches } from './page-batches';

/** Between two posts to the page. */
const batchMs = 40;
/** While a long log is read, after its first steps are shown: the whole series costs as much as thousands of events. */
const loadingBatchMs = 400;
/** A comparison is sent whole each time. */
const comparisonBatchMs = 1000;
/** A log that is silent for so long, after all events of the last known step, has been read. */
const silentMs = 500;

export interface DashboardPanelOptions {
  readonly panel: vscode.WebviewPanel;
  /** Run folders: one, or several to compare. */
  readonly runs: readonly string[];
  readonly connection: ServerConnection;
  readonly list: RunList;
  readonly log: vscode.LogOutputChannel;
}

interface Followed {
  readonly run: string;
  readonly feed: DashboardFeed;
  /** A step that the run is known to have reached; undefined until the server said so. */
  knownStep: number | undefined;
  silence: NodeJS.Timeout | undefined;
}

/** Needs a process of the person's or of ours. */
const trustedActions: ReadonlySet<DashboardAction> = new Set([
  'pause',
  'resume',
  'stop',
  'checkpoint',
  'exportModel',
  'tryModel',
  'debugReward',
  'saveFixture',
]);

export class DashboardPanel {
  private readonly followed: readonly Followed[];
  private readonly disposables: Subscription[] = [];
  private ready = false;
  private readonly batches: PageBatches;
  /** The last step that the page has been sent. */
  private sentStep = 0;

  constructor(private readonly options: DashboardPanelOptions) {
    const { panel, runs, connection, list } = options;
    this.followed = runs.map((run) => ({
      run,
      feed: new DashboardFeed(run),
      knownStep: undefined,
      silence: undefined,
    }));
    this.batches = new PageBatches({
      collect: () => this.changes(),
      post: (message) => this.post(message),
      waitMs: () => this.waitMs(),
    });
    this.disposables.push(
      this.batches,
      panel.webview.onDidReceiveMessage((message: unknown) => void this.receive(message)),
      panel.onDidChangeViewState(() => this.shown()),
      connection.onDidChangeState((state) => this.connectionChanged(state)),
      list.onDidChange(() => this.listChanged()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.init()),
    );
    panel.onDidDispose(() => this.dispose());
    for (const followed of this.followed) void this.readStored(followed);
    this.connectionChanged(connection.state);
  }

  get runs(): readonly string[] {
    return this.options.runs;
  }

  reveal(): void {
    this.options.panel.reveal();
  }

  /** From when its page is there: reading a long log takes the cores that a page needs to come up. */
  private follow(followed: Followed): void {
    const { connection } = this.options;
    const { run, feed } = followed;
    const failed = (error: Error) => {
      feed.setLoaded();
      feed.setConnection({ state: 'lost', message: errorText(error) });
      this.postSoon();
    };
    this.disposables.push(
      connection.follow(
        run,
        1,
        (events) => {
          feed.addEvents(events);
          this.checkLoaded(followed);
          this.postSoon();
          if (events.some(({ type }) => type === 'state' || type === 'resumed')) void this.readStored(followed);
        },
        failed,
      ),
    );
  }

  /** run.json, summary.json and where the run stands; the first two change when it is resumed or ends. */
  private async readStored(followed: Followed): Promise<void> {
    try {
      const { summary, record, end } = await this.options.connection.request('readRun', { run: followed.run });
      followed.feed.setSummary(summary);
      followed.feed.setStored({ record, end });
      followed.knownStep ??= summary.step;
      this.setTitle(followed, summary.name);
      this.checkLoaded(followed);
      this.postSoon();
    } catch (error) {
      followed.feed.setLoaded();
      this.options.log.warn(`${followed.run}: ${errorText(error)}`);
      this.postSoon();
    }
  }

  private setTitle(followed: Followed, name: string): void {
    const { panel } = this.options;
    const others = this.followed.length - 1;
    if (followed === this.followed[0]) panel.title = others === 0 ? name : `${name} and ${others} more`;
  }

  private checkLoaded(followed: Followed): void {
    clearTimeout(followed.silence);
    const { feed, knownStep } = followed;
    if (!feed.isLoading || !this.ready) return;
    if (knownStep !== undefined && feed.lastStep >= knownStep) this.loaded(feed);
    else followed.silence = setTimeout(() => this.loaded(feed), silentMs);
  }

  /** All there was has been read: it is posted at once, not when the longer wait is over. */
  private loaded(feed: DashboardFeed): void {
    feed.setLoaded();
    if (this.options.panel.visible) this.batches.waitAnew();
  }

  private connectionChanged(state: ConnectionState): void {
    for (const { feed } of this.followed) {
      if (state.kind === 'connected') feed.setConnection({ state: 'connected' });
      else if (state.kind === 'waiting') feed.setConnection({ state: 'lost', message: state.error.message });
      else feed.setConnection({ state: 'connecting' });
    }
    this.postSoon();
  }

  private listChanged(): void {
    for (const { run, feed } of this.followed) {
      const summary = this.options.list.get(run);
      if (summary) feed.setSummary(summary);
    }
    this.postSoon();
  }

  private shown(): void {
    if (this.options.panel.visible && this.ready) this.postAll();
  }

  private init(): void {
    const restricted = !vscode.workspace.isTrusted;
    this.post({
      kind: 'init',
      view: this.followed.length > 1 ? 'compare' : 'run',
      actions: dashboardActions.filter((action) => !(restricted && trustedActions.has(action))),
      maxSamplesShown: setting('superrl.dashboard.maxSamplesShown'),
      restricted,
    });
  }

  private postAll(): void {
    const [first] = this.followed;
    this.batches.postNow(this.followed.length === 1 && first ? this.noted(first.feed.snapshot()) : this.changes());
  }

  private postSoon(): void {
    if (this.ready && this.options.panel.visible) this.batches.changed();
  }

  private waitMs(): number {
    if (this.followed.length > 1) return comparisonBatchMs;
    return this.sentStep > 0 && this.followed.some(({ feed }) => feed.isLoading) ? loadingBatchMs : batchMs;
  }

  private changes(): HostMessage[] {
    const [first] = this.followed;
    if (!first || !this.options.panel.visible) return [];
    if (this.followed.length === 1) return this.noted(first.feed.update());
    return [{ kind: 'comparison', runs: this.followed.map(({ feed }) => feed.compared()) }];
  }

  private noted(messages: HostMessage[]): HostMessage[] {
    this.sentStep = Math.max(...this.followed.map(({ feed }) => feed.lastStep));
    return messages;
  }

  private post(message: HostMessage): void {
    void this.options.panel.webview.postMessage(message);
  }

  private async receive(raw: unknown): Promise<void> {
    const message = webviewMessageSchema.safeParse(raw);
    if (!message.success) {
      this.options.log.warn('The dashboard sent a message that is not in its contract; it is ignored.');
      return;
    }
    try {
      await this.handle(message.data);
    } catch (error) {
      if ('id' in message.data) this.post({ kind: 'refused', id: message.data.id, message: errorText(error) });
      else this.options.log.error(error instanceof Error ? error : String(error));
    }
  }

  private async handle(message: WebviewMessage): Promise<void> {
    const [first] = this.followed;
    if (!first) return;
    const { run, feed } = first;
    const { connection } = this.options;
    switch (message.kind) {
      case 'ready':
        this.init();
        if (!this.ready) for (const followed of this.followed) this.follow(followed);
        this.ready = true;
        this.postAll();
        return;
      case 'taken':
        return this.batches.taken(message.batch);
      case 'setRange':
        feed.setRange(message.range);
        this.batches.postNow();
        return;
      case 'readSamples': {
        const { step, groups } = await connection.request('readSamples', { run, step: message.step });
        this.post({ kind: 'samples', id: message.id, step, groups: groups.map(dashboardGroup) });
        return;
      }
      case 'search': {
        const { id, filter, beforeStep, limit } = message;
        const page = { run, filter, limit, ...(beforeStep === undefined ? {} : { beforeStep }) };
        const { groups, complete } = await connection.request('searchSamples', page);
        this.post({ kind: 'found', id, groups: groups.map(dashboardGroup), complete });
        return;
      }
      case 'readTable': {
        const { id, columns, fromStep, limit } = message;
        this.post({ kind: 'table', id, ...feed.table(columns, fromStep, limit) });
        return;
      }
      case 'control': {
        const commands = { pause: 'superrl.pause', resume: 'superrl.resume', stop: 'superrl.stop' } as const;
        return command(message.action === 'checkpoint' ? 'superrl.saveCheckpoint' : commands[message.action], run);
      }
      case 'openSample':
        return command('superrl.openSample', { run, step: message.step, group: message.group, index: message.index });
      case 'compareWithTrace': {
        const { step, group, index, demonstration } = message;
        return command('superrl.compareSampleWithTrace', { run, step, group, index, demonstration });
      }
      case 'compareWithEarlier': {
        const { step, group, index } = message;
        return command('superrl.compareSampleWithEarlier', { run, step, group, index });
      }
      case 'openSource':
        return this.openSource(run, message.step, message.group);
      case 'exportModel':
        return command('superrl.exportModel', { run, ...(message.path === undefined ? {} : { path: message.path }) });
      case 'tryModel':
        return command('superrl.tryModel', { run, ...(message.path === undefined ? {} : { path: message.path }) });
      case 'compareRuns':
        return command('superrl.compareRuns', run);
      case 'openRun':
        return command('superrl.openDashboard', message.run);
      case 'openConfiguration':
        return command('superrl.openRunConfiguration', run);
      case 'revealFolder':
        return command('superrl.revealRunFolder', run);
      case 'showLog':
        return command('superrl.showLog');
      case 'debugReward': {
        const { step, group, index, component } = message;
        return command('superrl.debugReward', { run, step, group, index, component });
      }
      case 'saveFixture': {
        const { step, group, index, component } = message;
        return command('superrl.saveFixture', { run, step, group, index, component });
      }
    }
  }

  private async openSource(run: string, step: number, index: number): Promise<void> {
    const { groups } = await this.options.connection.request('readSamples', { run, step, group: index });
    const source = groups[0]?.group.source;
    if (source) await showDatasetRow(source.file, source.row);
  }

  private dispose(): void {
    for (const { silence } of this.followed) clearTimeout(silence);
    for (const disposable of this.disposables) disposable.dispose();
  }
}

async function command(id: CommandId, argument?: unknown): Promise<void> {
  await vscode.commands.executeCommand(id, argument);
}
