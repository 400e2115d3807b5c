// A real server process from the real bundle with a state folder of its own, and clients that talk to it.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import type { RunEvent } from '../../../backend/protocol/events';
import {
  maxServerMessageBytes,
  type RequestName,
  type RequestParams,
  type RequestResult,
  requests,
  type ServerMessage,
  type ServerRecord,
  serverMessageSchema,
  serverRecordSchema,
} from '../../../backend/protocol/messages';
import { serverRecordName } from '../../../backend/protocol/server-record';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** The bundle of one test file, servers started from it, and a folder with the digits example. */
export class ServerBench {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl server ')));
  readonly state = join(this.folder, 'state', 'superrl');
  // Inside the repository, where the bundle finds the packages that it leaves outside.
  readonly bundle = join(root, '.cache', `server-test-${process.pid}`);
  readonly #servers: ChildProcess[] = [];
  readonly #clients: Client[] = [];

  constructor() {
    const build = [join(root, 'scripts/build.mjs'), '--no-sourcemap', `--out=${relative(root, this.bundle)}`];
    execFileSync(process.execPath, build, { cwd: root });
    cpSync(join(root, 'examples/digits'), join(this.folder, 'digits'), { recursive: true });
  }

  get runFile(): string {
    return join(this.folder, 'digits/superrl.superrl.json');
  }

  recordFile(readOnly = false): string {
    return join(this.state, serverRecordName(readOnly));
  }

  record(readOnly = false): ServerRecord {
    return serverRecordSchema.parse(JSON.parse(readFileSync(this.recordFile(readOnly), 'utf8')));
  }

  spawn(...args: string[]): ChildProcess {
    mkdirSync(this.folder, { recursive: true });
    const child = spawn(process.execPath, [join(this.bundle, 'superrl.mjs'), 'serve', ...args], {
      cwd: this.folder,
      env: { ...process.env, XDG_STATE_HOME: join(this.folder, 'state'), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#servers.push(child);
    return child;
  }

  /** Starts a server and waits for its record. */
  async start(...args: string[]): Promise<ChildProcess> {
    const child = this.spawn(...args);
    await printed(child, /Serving on/);
    return child;
  }

  async connect(record = this.record()): Promise<Client> {
    const client = await Client.connect(record);
    this.#clients.push(client);
    return client;
  }

  /** Between tests. */
  async reset(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.socket.terminate();
    await Promise.all(this.#servers.splice(0).map((child) => killed(child)));
  }

  async close(): Promise<void> {
    await this.reset();
    await sleep(200); // trainers of a killed server end by themselves
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    rmSync(this.bundle, { recursive: true, force: true });
  }
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}

export function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** Resolves with all output once it matches. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  let seen = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        seen += text;
        if (pattern.test(seen)) resolve(seen);
      });
    }
    child.on('close', () => reject(new Error(`It ended without printing ${pattern}:\n${seen}`)));
  });
}

export async function until<T>(what: () => T | undefined | Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(25)) {
    const found = await what();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms for ${what}`);
  }
}

type ErrorResponse = Extract<ServerMessage, { ok: false }>['error'];

/** What the server answered a request with. */
export class Refused extends Error {
  constructor(readonly error: ErrorResponse) {
    super(`${error.code}: ${error.message}`);
  }
}

/** A client that checks every message by its schema, and every answer by its request's. */
export class Client {
  readonly messages: ServerMessage[] = [];
  readonly #pending = new Map<number, { done: (answer: ServerMessage) => void; lost: (error: Error) => void }>();
  readonly #listeners = new Set<(message: ServerMessage) => void>();
  #id = 0;

  private constructor(readonly socket: WebSocket) {
    socket.on('close', (code, reason) => {
      for (const { lost } of this.#pending.values()) lost(new Error(`closed: ${code} ${reason}`));
    });
    socket.on('error', () => {}); // close follows
    socket.on('message', (data) => {
      const message = serverMessageSchema.parse(JSON.parse(String(data)));
      if (message.kind !== 'events') this.messages.push(message);
      if (message.kind === 'response') this.#pending.get(message.id)?.done(message);
      for (const listener of this.#listeners) listener(message);
    });
  }

  static async connect({ port, token }: ServerRecord): Promise<Client> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, {
      headers: { authorization: `Bearer ${token}` },
      maxPayload: maxServerMessageBytes,
      perMessageDeflate: false,
    });
    const client = new Client(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  onMessage(listener: (message: ServerMessage) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get nextId(): number {
    return this.#id + 1;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async request<N extends RequestName>(method: N, params: RequestParams<N>): Promise<RequestResult<N>> {
    const id = ++this.#id;
    const answer = new Promise<ServerMessage>((resolve, reject) => {
      this.#pending.set(id, { done: resolve, lost: reject });
    });
    this.send({ kind: 'request', id, method, params });
    const message = await answer;
    this.#pending.delete(id);
    if (message.kind !== 'response') throw new Error('no response');
    if (!message.ok) throw new Refused(message.error);
    return requests[method].result.parse(message.result) as RequestResult<N>;
  }

  cancel(id: number): void {
    this.send({ kind: 'cancel', id });
  }

  /** Collects events from `fromSeq` on. */
  async follow(run: string, fromSeq = 1): Promise<Following> {
    const following = new Following();
    const early: ServerMessage[] = [];
    let subscription: number | undefined;
    this.onMessage((message) => {
      if (message.kind !== 'events' && message.kind !== 'subscriptionEnded') return;
      if (subscription === undefined) early.push(message);
      else if (message.subscription === subscription) following.take(message);
    });
    subscription = (await this.request('subscribe', { run, fromSeq })).subscription;
    following.subscription = subscription;
    for (const message of early) {
      if ('subscription' in message && message.subscription === subscription) following.take(message);
    }
    return following;
  }
}

export class Following {
  readonly events: RunEvent[] = [];
  subscription = 0;
  ended: string | undefined;

  take(message: ServerMessage): void {
    if (message.kind === 'events') this.events.push(...message.events);
    if (message.kind === 'subscriptionEnded') this.ended = message.message;
  }

  get seqs(): number[] {
    return this.events.map(({ seq }) => seq);
  }
}

/** Whole lines of a run's log. */
export function logLines(run: string): string[] {
  const text = readFileSync(join(run, 'events.jsonl'), 'utf8');
  return text.slice(0, text.lastIndexOf('\n')).split('\n');
}

/** Overrides that make the digits example a matter of seconds. */
export function quick(steps: number): string[] {
  return [
    'budget.minutes=1000',
    `budget.steps=${steps}`,
    'rollout.promptsPerStep=4',
    'rollout.k=4',
    'eval.every=0',
    'model.scratch.hidden=32',
    'model.scratch.layers=1',
  ];
}
