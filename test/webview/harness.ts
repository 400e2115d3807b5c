// The dashboard's page in a real Chromium, as VS Code shows it: the extension's own HTML and policy, a theme's real
// variables, and a host of the same feed that the extension uses, over a run's events.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, type CDPSession, chromium, type Page } from 'playwright-core';
import {
  type DashboardAction,
  type DashboardGroup,
  dashboardActions,
  type HostMessage,
  hostMessageSchema,
  type WebviewMessage,
  webviewMessageSchema,
} from '../../backend/protocol/dashboard';
import { type RunEvent, runEventSchema } from '../../backend/protocol/events';
import type { RunSummary } from '../../backend/protocol/messages';
import { sampleLineSchema } from '../../backend/protocol/sample';
import { groupLines } from '../../backend/server/stored-samples';
import { DashboardFeed } from '../../extension/dashboard/dashboard-feed';
import { dashboardGroup } from '../../extension/dashboard/dashboard-group';
import { webviewPage } from '../../extension/webview-page';
import { filtered } from '../../webview/samples/filter';
import themes from './themes.json';

const root = join(import.meta.dirname, '../..');
export const cache = join(root, '.cache/test-webview');
export const bundle = join(cache, 'dist');
const run = promisify(execFile);

export type Theme = keyof typeof themes;
export const themeNames = Object.keys(themes) as Theme[];

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-precise-memory-info',
];

/** Builds the bundle, and trains the example for a few steps, once for all tests of this run. */
export async function prepare(): Promise<void> {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  await run(process.execPath, ['scripts/build.mjs', `--out=${relative(root, bundle)}`], { cwd: root });
  const settings = ['budget={"steps":40}', 'eval.every=10', 'rewards[1]={"name":"form","use":"format","weight":0.2}'];
  await run(
    process.execPath,
    [
      join(bundle, 'superrl.mjs'),
      ...['train', join(root, 'examples/digits/superrl.superrl.json'), '--runs', join(cache, 'runs')],
      ...settings.flatMap((one) => ['--set', one]),
    ],
    { cwd: cache },
  );
}

/** The folder of the run that prepare() trained. */
export function trainedRun(): string {
  const folder = readdirSync(join(cache, 'runs')).find((name) => name.startsWith('digits'));
  if (folder === undefined) throw new Error('The example left no run.');
  return join(cache, 'runs', folder);
}

export interface Source {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  readonly record: Record<string, unknown>;
  readonly groupsOf: (step: number) => DashboardGroup[];
}

/** A run that the trainer made. */
export function storedRun(folder: string): Source {
  const events = readFileSync(join(folder, 'events.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => runEventSchema.parse(JSON.parse(line)));
  const record = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as Record<string, unknown>;
  return {
    summary: { ...summaryOf(folder), name: 'digits', engineReason: String(record.engineReason) },
    events,
    record,
    groupsOf: (step) => {
      const file = join(folder, `samples/step-${String(step).padStart(6, '0')}.jsonl`);
      const lines = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => sampleLineSchema.parse(JSON.parse(line)));
      return groupLines(lines).map(dashboardGroup);
    },
  };
}

export function summaryOf(folder: string): RunSummary {
  return {
    ...{ run: folder, name: 'run', method: 'superrl', state: 'running', live: true, resumable: true, engine: 'onnx' },
    ...{ step: 0, progress: 0, checkpoints: [], alarms: 0, startedAt: 0, changedAt: 0 },
  };
}

export class Dashboard {
  readonly posted: WebviewMessage[] = [];
  /** Violations of the policy, as the browser reports them. */
  readonly violations: string[] = [];
  readonly problems: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly devTools: CDPSession,
    readonly feed: DashboardFeed,
    private readonly source: Source,
    private readonly actions: readonly DashboardAction[],
  ) {}

  /** @param known whether the host has the run's events when the page gets ready */
  static async open(
    browser: Browser,
    address: string,
    source: Source,
    options: {
      theme?: Theme;
      width?: number;
      height?: number;
      actions?: readonly DashboardAction[];
      known?: boolean;
    } = {},
  ): Promise<Dashboard> {
    const { theme = 'dark', width = 1280, height = 900, actions = dashboardActions, known = true } = options;
    const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const devTools = await context.newCDPSession(page);
    await devTools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const dashboard = new Dashboard(page, devTools, new DashboardFeed(source.summary.run), source, actions);
    if (known) {
      dashboard.feed.setSummary(source.summary);
      dashboard.feed.setStored({ record: source.record });
      dashboard.feed.setConnection({ state: 'connected' });
      dashboard.feed.addEvents(source.events);
      dashboard.feed.setLoaded();
    }
    page.on('pageerror', (error) => dashboard.problems.push(String(error.stack ?? error)));
    page.on('console', (message) => {
      if (message.type() === 'error') dashboard.problems.push(message.text());
    });
    await page.exposeFunction('superrlHost', (message: unknown) => dashboard.#receive(message));
    await page.exposeFunction('superrlViolation', (text: string) => dashboard.violations.push(text));
    await page.addInitScript(asInVsCode, themes[theme]);
    await page.goto(address);
    await page.waitForSelector('.run, .compare');
    return dashboard;
  }

  async post(...messages: HostMessage[]): Promise<void> {
    for (const message of messages) hostMessageSchema.parse(message);
    await this.page.evaluate((all) => {
      for (const message of all) window.postMessage(message, '*');
    }, messages);
  }

  async update(): Promise<void> {
    await this.post(...this.feed.update());
  }

  /**
   * Milliseconds of processor time that the page's main thread has worked since it was opened. The clock on the wall
   * also tells of what else a busy machine does.
   */
  async workedMs(): Promise<number> {
    const { metrics } = await this.devTools.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN);
  }

  /** Bytes of the page's objects that are still in use. */
  async usedHeap(): Promise<number> {
    await this.devTools.send('HeapProfiler.collectGarbage');
    return (await this.devTools.send('Runtime.getHeapUsage')).usedSize;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  async #receive(raw: unknown): Promise<void> {
    const message = webviewMessageSchema.parse(raw);
    this.posted.push(message);
    switch (message.kind) {
      case 'ready':
        await this.post({
          kind: 'init',
          view: 'run',
          actions: [...this.actions],
          maxSamplesShown: 200,
          restricted: false,
        });
        return this.post(...this.feed.snapshot());
      case 'setRange':
        this.feed.setRange(message.range);
        return this.update();
      case 'readSamples':
        return this.post({
          kind: 'samples',
          id: message.id,
          step: message.step,
          groups: this.source.groupsOf(message.step),
        });
      case 'readTable':
        return this.post({
          kind: 'table',
          id: message.id,
          ...this.feed.table(message.columns, message.fromStep, message.limit),
        });
      case 'search': {
        const groups: DashboardGroup[] = [];
        for (let step = this.feed.lastStep; step >= 1 && groups.length < message.limit; step--) {
          if (step < (message.beforeStep ?? Number.POSITIVE_INFINITY))
            groups.push(...filtered(this.source.groupsOf(step), message.filter));
        }
        return this.post({ kind: 'found', id: message.id, groups, complete: groups.length < message.limit });
      }
    }
  }
}

/** Runs in the page before any of its scripts, as VS Code's own does. */
export function asInVsCode({ style, bodyClass }: { style: Record<string, string>; bodyClass: string }): void {
  Object.assign(window, {
    acquireVsCodeApi: () => ({
      postMessage: (message: unknown) => Reflect.get(window, 'superrlHost')(message),
      setState: (state: unknown) => Object.assign(window, { superrlState: state }),
      getState: () => Reflect.get(window, 'superrlState'),
    }),
  });
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
    Reflect.get(window, 'superrlViolation')(`${effectiveDirective} ${blockedURI} ${sourceFile}`);
  });
  const dress = () => {
    for (const [name, value] of Object.entries(style)) document.documentElement.style.setProperty(name, value);
    document.body.className = bodyClass;
  };
  document.addEventListener('DOMContentLoaded', dress);
  // The page's script runs before that event when it stands at the end of the body.
  const observer = new MutationObserver(() => {
    if (!document.body) return;
    observer.disconnect();
    dress();
  });
  observer.observe(document, { childList: true, subtree: true });
}

/** Serves the page as the extension makes it. */
export async function serve(runs: readonly string[]): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/webview.js' || path === '/webview.css') {
      response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/css');
      response.end(readFileSync(join(bundle, path.slice(1))));
    } else if (path === '/') {
      const parts = { script: '/webview.js', style: '/webview.css', title: 'digits', state: { runs: [...runs] } };
      response.setHeader('content-type', 'text/html');
      response.end(webviewPage(parts, "'self'", 'dGhpcyBpcyBhIHRlc3Q'));
    } else response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.SUPERRL_CHROMIUM ?? '/usr/bin/chromium', args: flags });
}
