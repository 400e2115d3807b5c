// One life of a reward host: the child process, its line protocol, and why it ended.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { SuperRlError } from '../../protocol/errors';
import { type HostAnswer, type HostRequest, hostReplySchema } from './host-protocol';
import { killTree } from './process-tree';

export type HostLanguage = 'node' | 'python';

export interface HostLaunch {
  readonly language: HostLanguage;
  readonly command: string;
  readonly commandArguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingFolder: string;
  /** Called with the address when Node's inspector listens (`--inspect-brk`). */
  readonly onInspector?: ((url: string) => void) | undefined;
}

/** How long a host may take to say ready, in milliseconds. */
const readyTimeoutMs = 30_000;
/** How long the last output of a process that has ended may take to arrive, in milliseconds. */
const drainMs = 200;
/** Characters of output outside of the protocol that are kept to explain an end. */
const looseLimit = 4000;

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never;
export type HostCall = WithoutId<HostRequest>;

export class HostProcess {
  /** What the child printed past the capture: native code, V8's own messages. */
  looseOutput = '';
  /** Resolves with a sentence part when the process has ended. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private nextId = 1;
  private listener: ((answer: HostAnswer) => void) | undefined;
  private readonly version: Promise<string>;

  private constructor(private readonly launch: HostLaunch) {
    const { command, commandArguments, env, language, workingFolder } = launch;
    this.child = spawn(command, commandArguments, {
      env,
      cwd: workingFolder,
      stdio: language === 'node' ? ['pipe', 'pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe'],
      // Leads its own process group: it can be ended with its children, and Ctrl-C doesn't reach it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(`could not be started (${error.message})`));
      this.child.once('exit', () => setTimeout(() => this.releasePipes(), drainMs));
      this.child.once('close', (code, signal) =>
        resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
      );
    });
    this.child.stdin?.on('error', () => {
      // The process is ending; `ended` says why.
    });
    const replies = this.child.stdio[language === 'node' ? 3 : 1] as Readable | null | undefined;
    this.version = new Promise((resolve) => readLines(replies, (line) => this.receive(line, resolve)));
    if (language === 'node') this.keepLoose(this.child.stdout);
    this.keepLoose(this.child.stderr);
  }

  /** Starts a host and waits until it is ready; throws SuperRlError(reward). */
  static async start(launch: HostLaunch): Promise<HostProcess> {
    const host = new HostProcess(launch);
    let timer: NodeJS.Timeout | undefined;
    const slow = new Promise<'slow'>((resolve) => {
      // A debugger holds the process before its first line for as long as it likes.
      if (!launch.onInspector) timer = setTimeout(() => resolve('slow'), readyTimeoutMs);
    });
    const first = await Promise.race([host.version.then((version) => ({ version })), host.ended, slow]);
    clearTimeout(timer);
    if (typeof first === 'object') {
      const problem = versionProblem(launch, first.version);
      if (problem === undefined) return host;
      await host.kill();
      throw new SuperRlError('reward', problem);
    }
    await host.kill();
    const what = first === 'slow' ? `did not start within ${readyTimeoutMs / 1000} s` : first;
    const output = host.looseOutput.trim();
    throw new SuperRlError('reward', `${startProblem(launch, what)}${output ? `\nIt printed:\n${output}` : ''}`);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Sends a request; onAnswer gets its replies until the next request. */
  send(call: HostCall, onAnswer: (answer: HostAnswer) => void): void {
    const id = this.nextId++;
    this.listener = (answer) => {
      if (answer.id === id) onAnswer(answer);
    };
    this.child.stdin?.write(`${JSON.stringify({ id, ...call })}\n`);
  }

  /** Ends the process and its descendants, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.killProcesses();
    this.releasePipes();
    await this.ended;
  }

  /** Lets the process end by itself (its stdin ends), and ends it after two seconds. */
  async close(): Promise<void> {
    this.child.stdin?.end();
    const timer = setTimeout(() => void this.kill(), 2000);
    await this.ended;
    clearTimeout(timer);
    await this.killProcesses();
  }

  private async killProcesses(): Promise<void> {
    const { pid, exitCode, signalCode } = this.child;
    const alive = exitCode === null && signalCode === null;
    // A process group outlives its leader, and Windows has none.
    if (pid !== undefined && (alive || process.platform !== 'win32')) await killTree(pid);
  }

  /** `close` waits for the pipes, which a descendant that left the tree may hold open. */
  private releasePipes(): void {
    for (const stream of this.child.stdio) stream?.destroy();
  }

  private receive(line: string, ready: (version: string) => void): void {
    const reply = hostReplySchema.safeParse(parseJson(line));
    if (!reply.success) this.looseOutput = (this.looseOutput + line).slice(-looseLimit);
    else if (reply.data.type === 'ready') ready(reply.data.version);
    else this.listener?.(reply.data);
  }

  private keepLoose(stream: Readable | null): void {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      this.looseOutput = (this.looseOutput + text).slice(-looseLimit);
      const inspector = /Debugger listening on (ws:\/\/\S+)/.exec(this.looseOutput)?.[1];
      if (inspector === undefined) return;
      this.looseOutput = this.looseOutput.replace(/Debugger listening on \S+\s*/, '');
      this.launch.onInspector?.(inspector);
    });
  }
}

function versionProblem({ language, command }: HostLaunch, version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (language === 'node' ? major >= 20 : major > 3 || (major === 3 && minor >= 8)) return undefined;
  return language === 'node'
    ? `Reward files need Node 20 or newer; ${command} is ${version}. Set superrl.nodePath to a newer one.`
    : `Python reward files need Python 3.8 or newer; ${command} is ${version}. Put a newer one on the PATH, or set superrl.pythonPath to it.`;
}

function startProblem({ language, command }: HostLaunch, what: string): string {
  return language === 'node'
    ? `The reward host on ${command} ${what}. Set superrl.nodePath to a Node 20 or newer.`
    : `Python reward files need Python, and ${command} ${what}. Install Python 3.8 or newer on the PATH, or set superrl.pythonPath to it.`;
}

function readLines(stream: Readable | null | undefined, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
