// What a request handler gets and gives.
import type { z } from 'zod';
import type { RequestName, RequestResult, requests, ServerMessage } from '../protocol/messages';

/** Parameters after the schema's defaults. */
export type ParsedParams<N extends RequestName> = z.output<(typeof requests)[N]['params']>;

/** What a handler sees of the client that asks. */
export interface Client {
  /** Aborts when the client has gone. */
  readonly closed: AbortSignal;
  send(message: ServerMessage): void;
  /** Sends a message that is text already; resolves when the client can take more. */
  stream(text: string): Promise<void>;
}

export interface RequestContext {
  readonly client: Client;
  /** Aborts when the client cancels (reason `cancelled`) or leaves (reason `left`). */
  readonly signal: AbortSignal;
  /** At most ten a second reach the client: the newest, which with `joined` holds the text of those left out too. */
  progress(done: number, total: number | undefined, message: string, joined?: boolean): void;
}

export const cancelled = 'cancelled';
export const left = 'left';

export type RequestHandler<N extends RequestName> = (
  params: ParsedParams<N>,
  context: RequestContext,
) => RequestResult<N> | Promise<RequestResult<N>>;

export type RequestHandlers = { readonly [N in RequestName]: RequestHandler<N> };
