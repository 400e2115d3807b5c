// The window's end of the socket: typed requests, and subscriptions to a run's events that survive a reconnect
// without a gap or a duplicate. Its state is shown; nothing is sent while it is not "connected".
import { WebSocket } from 'ws';
import { errorText, type SourcePlace, SuperRlError } from '../../backend/protocol/errors';
import type { RunEvent } from '../../backend/protocol/events';
import {
  maxServerMessageBytes,
  protocolVersion,
  type RequestName,
  type RequestParams,
  type RequestResult,
  requests,
  type ServerMessage,
  type ServerRecord,
  serverMessageSchema,
} from '../../backend/protocol/messages';
import { Listeners, type Subscription } from '../listeners';

export type ConnectionState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly version: string; readonly readOnly: boolean; readonly pid: number }
  | { readonly kind: 'waiting'; readonly error: Error; readonly retryInMs: number };

/** A debugged reward function returned, or its host ended with a message. */
export type DebugEnd = Extract<ServerMessage, { kind: 'debugEnded' }>;

export interface Progress {
  readonly done: number;
  readonly total?: number | undefined;
  readonly message: string;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

interface Pending {
  readonly method: RequestName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

interface Follower {
  readonly run: string;
  readonly onEvents: (events: readonly RunEvent[]) => void;
  readonly onProblem: (error: Error) => void;
  /** Newest event that was handed on: after a reconnect the next is asked for. */
  seq: number;
  /** The server's number; 'asked' while it is on its way. */
  subscription: number | 'asked' | undefined;
}

export interface ConnectionOptions {
  /** Gets the record that the last attempt failed with. */
  readonly findOrStart: (failed: ServerRecord | undefined) => Promise<ServerRecord>;
  readonly log: (message: string) => void;
  /** In [0, 1), for the jitter of the waiting times; tests give their own. */
  readonly random?: () => number;
}

const firstDelayMs = 250;
const longestDelayMs = 8000;
const handshakeTimeoutMs = 10_000;

export class ServerConnection {
  private readonly changes = new Listeners<ConnectionState>();
  readonly onDidChangeState = this.changes.on;
  private readonly runChanges = new Listeners<void>();
  readonly onRunsChanged = this.runChanges.on;
  private readonly debugEnds = new Listeners<DebugEnd>();
  readonly onDebugEnded = this.debugEnds.on;

  private current: ConnectionState = { kind: 'idle' };
  private socket: WebSocket | undefined;
  private opening: Promise<void> | undefined;
  private failed: ServerRecord | undefined;
  private retry: NodeJS.Timeout | undefined;
  private attempts = 0;
  private nextId = 1;
  private closed = false;
  private readonly pending = new Map<number, Pending>();
  private readonly followers = new Set<Follower>();

  constructor(private readonly options: ConnectionOptions) {}

  get state(): ConnectionState {
    return this.current;
  }

  /** Connects if need be. Rejects with why the server can't be reached; it is tried again by itself then. */
  connect(): Promise<void> {
    if (this.current.kind === 'connected') return Promise.resolve();
    clearTimeout(this.retry);
    this.opening ??= this.open().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  /** @throws ServerError what the server answered; SuperRlError `server` when the connection is lost before the answer. */
  async request<N extends RequestName>(
    method: N,
    params: RequestParams<N>,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<RequestResult<N>> {
    await this.connect();
    signal?.throwIfAborted();
    const id = this.nextId++;
    const cancel = () => {
      if (this.current.kind === 'connected') this.send({ kind: 'cancel', id });
    };
    try {
      const result = await new Promise<unknown>((resolve, reject) => {
        this.pending.set(id, { method, resolve, reject, onProgress });
        signal?.addEventListener('abort', cancel, { once: true });
        this.send({ kind: 'request', id, method, params });
      });
      return requests[method].result.parse(result) as RequestResult<N>;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.pending.delete(id);
    }
  }

  /** Every event of a run from `fromSeq` on, then live, each exactly once and in order, over any number of reconnects. */
  follow(
    run: string,
    fromSeq: number,
    onEvents: (events: readonly RunEvent[]) => void,
    onProblem: (error: Error) => void,
  ): Subscription {
    const follower: Follower = { run, onEvents, onProblem, seq: fromSeq - 1, subscription: undefined };
    this.followers.add(follower);
    if (this.current.kind === 'connected') void this.subscribe(follower);
    else this.connect().catch(onProblem);
    return { dispose: () => this.unfollow(follower) };
  }

  /** Leaves this server and finds one anew: trust was granted, or the person asks to try again. */
  reconnect(): void {
    this.attempts = 0;
    if (this.socket) this.socket.close();
    else void this.connect().catch(() => undefined); // it has set the state
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    this.socket?.close();
    this.rejectPending(new SuperRlError('server', 'The window closed its connection to the SuperRL server.'));
    this.setState({ kind: 'idle' });
  }

  private async open(): Promise<void> {
    this.setState({ kind: 'connecting' });
    try {
      const record = await this.options.findOrStart(this.failed);
      this.failed = record;
      await this.handshake(record);
      this.failed = undefined;
      for (const follower of this.followers) void this.subscribe(follower);
    } catch (error) {
      const problem = error instanceof Error ? error : new Error(String(error));
      this.waitAndRetry(problem);
      throw problem;
    }
  }

  private handshake(record: ServerRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${record.port}/`, {
        headers: { Authorization: `Bearer ${record.token}` },
        maxPayload: maxServerMessageBytes,
        perMessageDeflate: false,
        handshakeTimeout: handshakeTimeoutMs,
      });
      let greeted = false;
      socket.on('message', (data) => {
        const message = readMessage(String(data));
        if (message === undefined && greeted) {
          this.options.log(`The server sent what this version does not know: ${String(data).slice(0, 200)}`);
        } else if (message && greeted) this.receive(message);
        else if (message?.kind === 'hello' && message.protocol === protocolVersion) {
          greeted = true;
          this.socket = socket;
          this.attempts = 0;
          const { version, readOnly, pid } = message;
          this.setState({ kind: 'connected', version, readOnly, pid });
          resolve();
        } else {
          socket.close();
          reject(new SuperRlError('server', 'The running server speaks another protocol: reload the window.'));
        }
      });
      socket.on('error', (error) => {
        reject(new SuperRlError('server', `The SuperRL server can’t be reached: ${error.message}.`, { cause: error }));
      });
      socket.on('close', (code) => {
        const lost = new SuperRlError('server', `The connection to the SuperRL server was lost (${code}).`);
        reject(lost);
        if (greeted && socket === this.socket) this.lost(lost);
      });
    });
  }

  private lost(error: Error): void {
    this.socket = undefined;
    for (const follower of this.followers) follower.subscription = undefined;
    this.rejectPending(error);
    if (!this.closed) this.waitAndRetry(error);
  }

  private waitAndRetry(error: Error): void {
    if (this.closed) return;
    const random = this.options.random ?? Math.random;
    const longest = Math.min(firstDelayMs * 2 ** this.attempts++, longestDelayMs);
    const retryInMs = Math.round(longest * (0.5 + random() / 2));
    this.setState({ kind: 'waiting', error, retryInMs });
    this.options.log(`${errorText(error)} Trying again in ${retryInMs} ms.`);
    this.retry = setTimeout(() => void this.connect().catch(() => undefined), retryInMs); // it has set the state
  }

  private receive(message: ServerMessage): void {
    switch (message.kind) {
      case 'response': {
        const pending = this.pending.get(message.id);
        if (!pending) return; // cancelled meanwhile
        if (message.ok) pending.resolve(message.result);
        else pending.reject(asError(message.error));
        return;
      }
      case 'progress':
        this.pending.get(message.id)?.onProgress?.(message);
        return;
      case 'events':
        this.hand(message.subscription, message.events);
        return;
      case 'subscriptionEnded':
        this.endSubscription(message.subscription, message.message);
        return;
      case 'runsChanged':
        this.runChanges.fire();
        return;
      case 'debugEnded':
        this.debugEnds.fire(message);
        return;
      case 'hello':
        return;
    }
  }

  private hand(subscription: number, events: readonly RunEvent[]): void {
    for (const follower of this.followers) {
      if (follower.subscription !== subscription) continue;
      const fresh = events.filter(({ seq }) => seq > follower.seq);
      const last = fresh.at(-1);
      if (last === undefined) continue;
      follower.seq = last.seq;
      follower.onEvents(fresh);
    }
  }

  private endSubscription(subscription: number, message: string): void {
    for (const follower of this.followers) {
      if (follower.subscription !== subscription) continue;
      this.followers.delete(follower);
      follower.onProblem(new SuperRlError('server', message));
    }
  }

  private async subscribe(follower: Follower): Promise<void> {
    if (follower.subscription !== undefined) return;
    follower.subscription = 'asked';
    const id = this.nextId++;
    try {
      // Events may follow in the same read as the response, so the number is taken in the response's own handler.
      await new Promise<void>((resolve, reject) => {
        this.pending.set(id, {
          method: 'subscribe',
          reject,
          onProgress: undefined,
          resolve: (result) => {
            follower.subscription = requests.subscribe.result.parse(result).subscription;
            resolve();
          },
        });
        this.send({
          kind: 'request',
          id,
          method: 'subscribe',
          params: { run: follower.run, fromSeq: follower.seq + 1 },
        });
      });
      if (!this.followers.has(follower)) this.unfollow(follower);
    } catch (error) {
      follower.subscription = undefined;
      if (this.current.kind === 'connected') follower.onProblem(error instanceof Error ? error : new Error(`${error}`));
    } finally {
      this.pending.delete(id);
    }
  }

  private unfollow(follower: Follower): void {
    this.followers.delete(follower);
    const { subscription } = follower;
    if (typeof subscription !== 'number' || this.current.kind !== 'connected') return;
    follower.subscription = undefined;
    this.request('unsubscribe', { subscription }).catch(() => undefined); // lost: the subscription is gone with it
  }

  private send(message: unknown): void {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      throw new SuperRlError('server', 'The connection to the SuperRL server was lost. Try again in a moment.');
    }
    this.socket.send(JSON.stringify(message));
  }

  private rejectPending(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    this.changes.fire(state);
  }
}

function readMessage(text: string): ServerMessage | undefined {
  try {
    return serverMessageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

type WireError = Extract<ServerMessage, { kind: 'response'; ok: false }>['error'];

/** What the server answered; the message already begins with the place. */
export class ServerError extends Error {
  override readonly name = 'ServerError';

  constructor(
    readonly code: WireError['code'],
    message: string,
    readonly place: SourcePlace | undefined,
  ) {
    super(message);
  }
}

/** A request that was cancelled on purpose. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

function asError({ code, message, place }: WireError): Error {
  return code === 'cancelled' ? new CancelledError(message) : new ServerError(code, message, place);
}
