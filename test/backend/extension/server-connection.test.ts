// The window's end of the socket against a server that drops, repeats and refuses.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { RunEvent } from '../../../backend/protocol/events';
import type { ClientMessage, ServerMessage, ServerRecord } from '../../../backend/protocol/messages';
import { CancelledError, ServerConnection, ServerError } from '../../../extension/server/server-connection';

type Request = Extract<ClientMessage, { kind: 'request' }>;
const token = 'ab'.repeat(32);

/** A server whose answers a test decides. */
class FakeServer {
  readonly sockets: WebSocket[] = [];
  readonly requests: Request[] = [];
  readonly cancelled: number[] = [];
  readonly headers: (string | undefined)[] = [];
  answer: (request: Request, send: (message: ServerMessage) => void) => void = () => undefined;
  private readonly server: WebSocketServer;
  private port = 0;

  constructor(hello: Partial<Extract<ServerMessage, { kind: 'hello' }>> = {}) {
    this.server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    this.server.on('connection', (socket, request) => {
      this.sockets.push(socket);
      this.headers.push(request.headers.authorization);
      const send = (message: ServerMessage) => socket.send(JSON.stringify(message));
      send({ kind: 'hello', protocol: 1, version: '0.1.0', readOnly: false, pid: 1, ...hello });
      socket.on('message', (data) => {
        const message: ClientMessage = JSON.parse(String(data));
        if (message.kind === 'cancel') {
          this.cancelled.push(message.id);
          const error = { code: 'cancelled' as const, message: 'Cancelled.' };
          send({ kind: 'response', id: message.id, ok: false, error });
          return;
        }
        this.requests.push(message);
        this.answer(message, send);
      });
    });
  }

  /** Also that of a server that has ended, as a record on disk would be. */
  async record(): Promise<ServerRecord> {
    if (this.port === 0) {
      if (this.server.address() === null) await new Promise((resolve) => this.server.once('listening', resolve));
      this.port = (this.server.address() as { port: number }).port;
    }
    const { port } = this;
    return { pid: process.pid, processStart: 's', port, protocol: 1, version: '0.1.0', token, readOnly: false };
  }

  drop(): void {
    for (const socket of this.sockets.splice(0)) socket.terminate();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const note = (seq: number): RunEvent => ({
  seq,
  ts: 0,
  type: 'note',
  data: { step: 0, level: 'info', message: String(seq) },
});

let server: FakeServer;
let connection: ServerConnection;
const log: string[] = [];

beforeEach(() => {
  server = new FakeServer();
  connection = new ServerConnection({
    findOrStart: () => server.record(),
    log: (message) => log.push(message),
    random: () => 0,
  });
});
afterEach(async () => {
  connection.close();
  await server.close();
});

describe('requests', () => {
  it('show the token and check the answer', async () => {
    server.answer = ({ id }, send) => send({ kind: 'response', id, ok: true, result: { steps: [1, 2] } });
    expect(await connection.request('sampleSteps', { run: '/r' })).toEqual({ steps: [1, 2] });
    expect(server.headers).toEqual([`Bearer ${token}`]);
    server.answer = ({ id }, send) => send({ kind: 'response', id, ok: true, result: { steps: 'all' } });
    await expect(connection.request('sampleSteps', { run: '/r' })).rejects.toThrow(/expected array/);
  });

  it('reject with the server’s error and its place', async () => {
    const place = { file: '/a.superrl.json', line: 3 };
    const error = { code: 'config' as const, message: '/a.superrl.json:3: No.', place };
    server.answer = ({ id }, send) => send({ kind: 'response', id, ok: false, error });
    const failure = await connection.request('resumeRun', { run: '/r' }).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(ServerError);
    expect(failure).toMatchObject({ code: 'config', message: '/a.superrl.json:3: No.', place });
  });

  it('hand on progress and are cancelled at the server', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    server.answer = ({ id }, send) => send({ kind: 'progress', id, done: 1, total: 4, message: 'one' });
    const asked = connection.request(
      'doctor',
      {},
      {
        signal: abort.signal,
        onProgress: ({ message }) => {
          seen.push(message);
          abort.abort();
        },
      },
    );
    await expect(asked).rejects.toBeInstanceOf(CancelledError);
    expect(seen).toEqual(['one']);
    expect(server.cancelled).toHaveLength(1);
  });

  it('do not wait for ever when the connection is lost', async () => {
    server.answer = () => server.drop();
    await expect(connection.request('doctor', {})).rejects.toThrow(/The connection to the SuperRL server was lost/);
  });
});

describe('following a run', () => {
  function serveEvents(upTo: () => number): void {
    let subscription = 0;
    server.answer = ({ id, method, params }, send) => {
      if (method !== 'subscribe') return send({ kind: 'response', id, ok: true, result: {} });
      const { fromSeq } = params as { fromSeq: number };
      send({ kind: 'response', id, ok: true, result: { subscription: ++subscription } });
      const events = Array.from({ length: Math.max(0, upTo() - fromSeq + 1) }, (_, index) => note(fromSeq + index));
      if (events.length > 0) send({ kind: 'events', subscription, run: '/r', events });
    };
  }

  it('goes on after reconnects without a gap or a duplicate', async () => {
    let last = 3;
    serveEvents(() => last);
    const seen: number[] = [];
    connection.follow(
      '/r',
      1,
      (events) => seen.push(...events.map(({ seq }) => seq)),
      () => undefined,
    );
    await expect.poll(() => seen).toEqual([1, 2, 3]);
    last = 5;
    server.drop();
    await expect.poll(() => seen).toEqual([1, 2, 3, 4, 5]);
    last = 6;
    server.drop();
    await expect.poll(() => seen, { timeout: 5000 }).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('subscribes once when it is asked for while connecting', async () => {
    serveEvents(() => 1);
    const states = connection.onDidChangeState(({ kind }) => {
      if (kind === 'connected')
        connection.follow(
          '/s',
          1,
          () => undefined,
          () => undefined,
        );
    });
    await connection.connect();
    await expect.poll(() => server.requests.filter(({ method }) => method === 'subscribe').length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(server.requests.filter(({ method }) => method === 'subscribe')).toHaveLength(1);
    states.dispose();
  });

  it('says why when a subscription can’t go on', async () => {
    server.answer = ({ id }, send) => {
      send({ kind: 'response', id, ok: true, result: { subscription: 7 } });
      send({ kind: 'subscriptionEnded', subscription: 7, message: 'The log is damaged at line 4.' });
    };
    const problems: string[] = [];
    connection.follow(
      '/r',
      1,
      () => undefined,
      (error) => problems.push(error.message),
    );
    await expect.poll(() => problems).toEqual(['The log is damaged at line 4.']);
  });
});

describe('the state', () => {
  it('is shown while it is tried again, later each time', async () => {
    await connection.connect();
    const waits: number[] = [];
    connection.onDidChangeState((state) => {
      if (state.kind === 'waiting') waits.push(state.retryInMs);
    });
    await server.close();
    await expect.poll(() => waits.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(4);
    expect(waits.slice(0, 4)).toEqual([125, 250, 500, 1000]);
    expect(log.at(-1)).toContain('Trying again in');
  });

  it('tells the launcher which record led nowhere', async () => {
    const asked: (string | undefined)[] = [];
    const stale = { ...(await server.record()), port: 1, token: 'cd'.repeat(32) };
    const other = new ServerConnection({
      findOrStart: async (failed) => {
        asked.push(failed?.token);
        return failed ? server.record() : stale;
      },
      log: () => undefined,
      random: () => 0,
    });
    await expect(other.connect()).rejects.toThrow('The SuperRL server can’t be reached');
    await expect.poll(() => other.state.kind, { timeout: 5000 }).toBe('connected');
    expect(asked).toEqual([undefined, stale.token]);
    other.close();
  });

  it('refuses a server of another protocol', async () => {
    await server.close();
    server = new FakeServer({ protocol: 2 });
    await expect(connection.connect()).rejects.toThrow(
      'The running server speaks another protocol: reload the window.',
    );
  });
});
