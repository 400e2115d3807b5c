// A real VS Code (code-server's copy of it, scripts/test-editor.mjs) with the packed extension installed, served to a
// Chromium that Playwright drives. Every spec gets fresh folders: profile, state, workspace, home.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { Workbench } from './workbench';

export interface EditorOptions {
  /** Files of the workspace, by path; a folder to copy into it; `false`: no folder is open. */
  readonly workspace?: Readonly<Record<string, string>> | false;
  readonly copy?: string;
  /** Files to copy into the workspace. */
  readonly copyFiles?: readonly string[];
  /** Default false: the recipe's flag turns workspace trust off. */
  readonly trust?: boolean;
  /** The server's PATH; default: this process's. */
  readonly path?: string | ((root: string) => string);
  /** More of the server's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Size of a window in CSS pixels, and device pixels in each of them. */
  readonly screen?: { readonly width: number; readonly height: number; readonly scale: number };
}

/** For expect.poll: generous, since a machine with other work is many times slower. */
export const patient = { timeout: 240_000, interval: 500 };

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-renderer-backgrounding',
  '--disable-backgrounding-occluded-windows',
];

export class Editor {
  private readonly pages: Page[] = [];
  /** Console errors that mention us. */
  readonly errors: string[] = [];

  private constructor(
    readonly root: string,
    readonly port: number,
    private readonly server: ChildProcess,
    private readonly browser: Browser,
    private readonly options: EditorOptions,
  ) {}

  static async open(options: EditorOptions = {}): Promise<Editor> {
    const root = mkdtempSync(join(tmpdir(), 'superrl-e2e-'));
    for (const folder of ['workspace', 'data', 'state', 'home']) mkdirSync(join(root, folder));
    const workspace = join(root, 'workspace');
    if (options.copy) cpSync(options.copy, workspace, { recursive: true });
    for (const [path, text] of Object.entries(options.workspace || {})) {
      mkdirSync(join(workspace, path, '..'), { recursive: true });
      writeFileSync(join(workspace, path), text);
    }
    for (const file of options.copyFiles ?? []) cpSync(file, join(workspace, basename(file)));
    installExtension(root);
    const port = await freePort();
    const server = startServer(root, port, options);
    await reachable(port);
    const browser = await chromium.launch({ executablePath: inject('chromium'), args: quiet });
    return new Editor(root, port, server, browser, options);
  }

  get workspace(): string {
    return join(this.root, 'workspace');
  }

  /** The one server's record and log lie here. */
  get state(): string {
    return join(this.root, 'state', 'superrl');
  }

  get serverPid(): number {
    return this.server.pid ?? 0;
  }

  /** Settings of the workspace: those of the user lie in the browser's storage here. */
  writeSettings(settings: Readonly<Record<string, unknown>>): void {
    mkdirSync(join(this.workspace, '.vscode'), { recursive: true });
    writeFileSync(join(this.workspace, '.vscode/settings.json'), JSON.stringify(settings));
  }

  /** Each page is a window of its own: a tab in the background is not drawn, and the workbench waits to be. */
  private async newPage(): Promise<Page> {
    const { width, height, scale } = this.options.screen ?? { width: 1400, height: 850, scale: 1 };
    const context = await this.browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale });
    // Generous, since a machine with other work is five times slower; nothing waits longer than it must.
    context.setDefaultTimeout(180_000);
    const page = await context.newPage();
    this.pages.push(page);
    return page;
  }

  /** Without VS Code's own welcome: it opens some seconds after the window, over what was clicked meanwhile. */
  private address(place: string, payload: readonly (readonly string[])[]): string {
    const all = JSON.stringify([...payload, ['skipWelcome', 'true']]);
    return `http://127.0.0.1:${this.port}/?${place}&payload=${encodeURIComponent(all)}`;
  }

  /** Opens a window on the workspace (or another folder of this machine). */
  async window(folder = this.workspace): Promise<Workbench> {
    const page = await this.newPage();
    page.on('console', (message) => {
      const text = message.text();
      // A row that is refreshed while it is clicked has lost its command: VS Code's own, and the click is done again.
      if (message.type() !== 'error' || text.includes('Actual command not found')) return;
      if (/superrl/i.test(text)) this.errors.push(text);
    });
    const place = this.options.workspace === false ? 'ew=true' : `folder=${folder}`;
    await page.goto(this.address(place, []), { waitUntil: 'domcontentloaded' });
    const workbench = new Workbench(page);
    await workbench.ready();
    return workbench;
  }

  /** Runs a suite (a file that exports `run`) in the extension host and gives back its exit code and what it logged. */
  async runInHost(extension: string, suite: string): Promise<{ code: number; log: string[] }> {
    const remote = `vscode-remote://127.0.0.1:${this.port}`;
    const payload = [
      ['extensionDevelopmentPath', `${remote}${extension}`],
      ['extensionTestsPath', `${remote}${suite}`],
    ];
    const page = await this.newPage();
    const log: string[] = [];
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => void log.push(args.join(' ')));
    const ended = new Promise<number>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
    });
    await page.goto(this.address(`folder=${this.workspace}`, payload), { waitUntil: 'domcontentloaded' });
    return { code: await ended, log };
  }

  /** Runs of a folder, newest last, by absolute path. */
  runs(folder = join(this.workspace, 'runs')): string[] {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => existsSync(join(folder, name, 'run.json')))
      .sort()
      .map((name) => join(folder, name));
  }

  /** Processes of the extension that run this script of it: "reward-host". */
  processes(script: string): number[] {
    return processesOf(this.root).filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`/dist/${script}.mjs`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
  }

  /** Screenshots of all windows, for a person who looks into a failure. */
  async picture(name: string): Promise<void> {
    const folder = join(inject('root'), '.cache/e2e/pictures');
    for (const [index, page] of this.pages.entries()) {
      await page.screenshot({ path: join(folder, `${name}${index === 0 ? '' : `-${index + 1}`}.png`) });
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.kill('SIGKILL');
    await endProcesses(this.root);
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function installExtension(root: string): void {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      inject('editorServer'),
      '--install-extension',
      inject('vsix'),
      '--force',
      '--accept-server-license-terms',
      ...['--server-data-dir', join(root, 'data'), '--extensions-dir', join(root, 'data/ext')],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`The extension could not be installed:\n${stdout}\n${stderr}`);
}

function startServer(root: string, port: number, { trust, path, environment }: EditorOptions): ChildProcess {
  const data = join(root, 'data');
  const args = [
    inject('editorServer'),
    ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token', '--accept-server-license-terms'],
    ...(trust ? [] : ['--disable-workspace-trust']),
    ...['--enable-smoke-test-driver', '--telemetry-level', 'off'],
    ...['--server-data-dir', data, '--user-data-dir', data, '--extensions-dir', join(data, 'ext')],
  ];
  return spawn(process.execPath, args, {
    stdio: 'ignore',
    env: {
      ...process.env,
      ...environment,
      HOME: join(root, 'home'),
      XDG_STATE_HOME: join(root, 'state'),
      // VSCODE_CLI: or the editor takes the PATH of a login shell instead.
      ...(path === undefined ? {} : { PATH: typeof path === 'string' ? path : path(root), VSCODE_CLI: '1' }),
    },
  });
}

/**
 * Our server and its trainers outlive the editor on purpose; they and what is left of the editor are known by the folder
 * in their command line or environment (Linux only, as all of this).
 */
async function endProcesses(root: string): Promise<void> {
  for (let left = processesOf(root); left.length > 0; left = processesOf(root)) {
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    await sleep(50);
  }
}

function processesOf(root: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        if (readFileSync(`/proc/${name}/stat`, 'utf8').includes(') Z ')) return false;
        return ['environ', 'cmdline'].some((file) =>
          readFileSync(`/proc/${name}/${file}`, 'utf8').includes(`${root}/`),
        );
      } catch {
        return false; // gone, or not ours to look at
      }
    })
    .map(Number);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reachable(port: number): Promise<void> {
  for (const deadline = Date.now() + patient.timeout; Date.now() < deadline; ) {
    try {
      const { ok } = await fetch(`http://127.0.0.1:${port}/version`);
      if (ok) return;
    } catch {
      // not yet
    }
    await sleep(200);
  }
  throw new Error(`The editor's server does not answer on port ${port}.`);
}
