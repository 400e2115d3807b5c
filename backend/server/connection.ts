// One client: its messages checked and answered, its requests under way, and what is sent to it held back when
// it reads slowly. Nothing a client sends can throw out of here.
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import { errorText, SuperRlError } from '../protocol/errors';
import {
  type ClientMessage,
  clientMessageSchema,
  closeCodes,
  maxServerMessageBytes,
  type RequestName,
  requests,
  type ServerMessage,
} from '../protocol/messages';
import { type Client, cancelled, left, type RequestContext, type RequestHandlers } from './request';

/** Above this many bytes not yet taken by the system, subscriptions wait. */
const streamBufferBytes = 1024 * 1024;
/** Above this many, no further request of the client is read until it has taken them. */
const mostBufferedBytes = 8 * 1024 * 1024;
const mostRequests = 64;
const progressEveryMs = 100;

type ErrorResponse = Extract<ServerMessage, { ok: false }>['error'];

export class Connection implements Client {
  readonly #socket: WebSocket;
  readonly #handlers: RequestHandlers;
  readonly #log: (text: string) => void;
  readonly #inFlight = new Map<number, AbortController>();
  readonly #closing = new AbortController();

  constructor(socket: WebSocket, handlers: RequestHandlers, log: (text: string) => void) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#log = log;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('close', () => {
      this.#closing.abort(left);
      for (const request of this.#inFlight.values()) request.abort(left);
    });
  }

  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  send(message: ServerMessage): void {
    this.#sendText(JSON.stringify(message));
  }

  async stream(text: string): Promise<void> {
    if (this.#socket.bufferedAmount <= streamBufferBytes) this.#sendText(text);
    else await new Promise<void>((resolve) => this.#socket.send(text, () => resolve()));
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 120)); // a close frame holds 123 bytes
  }

  #sendText(text: string): void {
    if (this.#closing.signal.aborted) return;
    this.#socket.send(text, () => {
      if (this.#socket.isPaused && this.#socket.bufferedAmount < mostBufferedBytes) this.#socket.resume();
    });
    if (this.#socket.bufferedAmount >= mostBufferedBytes) this.#socket.pause();
  }

  #receive(data: RawData, isBinary: boolean): void {
    const parsed = isBinary ? undefined : parseJson(String(data));
    const message = clientMessageSchema.safeParse(parsed);
    if (message.success) this.#take(message.data);
    else {
      const id = z.object({ id: z.int() }).safeParse(parsed);
      const why = parsed === undefined ? 'A frame was not JSON.' : 'A frame was no message of this protocol.';
      if (!id.success) this.close(closeCodes.notAMessage, why);
      else this.#fail(id.data.id, { code: 'badParams', message: `${why} ${z.prettifyError(message.error)}` });
    }
  }

  #take(message: ClientMessage): void {
    if (message.kind === 'cancel') {
      this.#inFlight.get(message.id)?.abort(cancelled);
      return;
    }
    const { id, method, params } = message;
    if (this.#inFlight.has(id)) {
      this.#fail(id, { code: 'badParams', message: `A request with the id ${id} is still under way.` });
    } else if (this.#inFlight.size >= mostRequests) {
      this.#fail(id, { code: 'server', message: `${mostRequests} requests are under way. Wait for one to end.` });
    } else if (!isRequest(method)) {
      const message = `This server has no request "${method}". Reload the window if SuperRL was updated.`;
      this.#fail(id, { code: 'unknownMethod', message });
    } else void this.#answer(id, method, params);
  }

  async #answer<N extends RequestName>(id: number, method: N, raw: unknown): Promise<void> {
    const params = requests[method].params.safeParse(raw ?? {});
    if (!params.success) {
      this.#fail(id, { code: 'badParams', message: `${method}: ${z.prettifyError(params.error)}` });
      return;
    }
    const abort = new AbortController();
    this.#inFlight.set(id, abort);
    const progress = new Progress((done, total, message) =>
      this.send({ kind: 'progress', id, done, ...(total === undefined ? {} : { total }), message }),
    );
    const context: RequestContext = {
      client: this,
      signal: abort.signal,
      progress: (done, total, message, joined = false) => progress.report(done, total, message, joined),
    };
    try {
      // The schema of this very method made the parameters; TypeScript can't tie the two together.
      const handler = this.#handlers[method] as (params: unknown, context: RequestContext) => unknown;
      const result = await handler(params.data, context);
      progress.flush();
      this.#respond(id, method, result);
    } catch (error) {
      this.#fail(
        id,
        abort.signal.aborted ? { code: 'cancelled', message: 'Cancelled.' } : this.#explain(method, error),
      );
    } finally {
      this.#inFlight.delete(id);
    }
  }

  #respond(id: number, method: string, result: unknown): void {
    const text = JSON.stringify({ kind: 'response', id, ok: true, result });
    if (Buffer.byteLength(text) <= maxServerMessageBytes) this.#sendText(text);
    else {
      const message = `The answer to ${method} is larger than ${maxServerMessageBytes >> 20} MiB. Ask for less of it.`;
      this.#fail(id, { code: 'server', message });
    }
  }

  #fail(id: number, error: ErrorResponse): void {
    this.send({ kind: 'response', id, ok: false, error });
  }

  #explain(method: string, error: unknown): ErrorResponse {
    if (error instanceof SuperRlError) {
      return { code: error.code, message: error.message, ...(error.place ? { place: error.place } : {}) };
    }
    this.#log(`${method} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return { code: 'internal', message: `${errorText(error)} (a defect of SuperRL; the server's log says more)` };
  }
}

/** Progress of one request, thinned out. */
class Progress {
  readonly #send: (done: number, total: number | undefined, message: string) => void;
  #sentAt = 0;
  #held: { done: number; total: number | undefined; message: string } | undefined;

  constructor(send: (done: number, total: number | undefined, message: string) => void) {
    this.#send = send;
  }

  report(done: number, total: number | undefined, message: string, joined: boolean): void {
    this.#held = { done, total, message: joined ? (this.#held?.message ?? '') + message : message };
    if (performance.now() - this.#sentAt >= progressEveryMs) this.flush();
  }

  flush(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#sentAt = performance.now();
    this.#send(held.done, held.total, held.message);
  }
}

function isRequest(method: string): method is RequestName {
  return Object.hasOwn(requests, method);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
