// The subscriptions of all clients; each ends with its client.
import { errorText, SuperRlError } from '../protocol/errors';
import { EventStream } from './event-stream';
import type { Client } from './request';

const mostForOneClient = 64;

interface Subscription {
  readonly stream: EventStream;
  readonly abort: AbortController;
}

export class Subscriptions {
  readonly #ofClient = new Map<Client, Map<number, Subscription>>();
  #last = 0;

  /** Starts a stream; its first events follow the answer to the request. */
  open(client: Client, run: string, fromSeq: number): number {
    const own = this.#ofClient.get(client) ?? this.#admit(client);
    if (own.size >= mostForOneClient) {
      throw new SuperRlError('server', `This window has ${mostForOneClient} subscriptions; end one of them first.`);
    }
    const subscription = ++this.#last;
    const abort = new AbortController();
    const { signal } = abort;
    const stream = new EventStream({ run, subscription, fromSeq, signal, send: (text) => client.stream(text) });
    own.set(subscription, { stream, abort });
    setImmediate(() => void this.#run(client, subscription, stream));
    return subscription;
  }

  close(client: Client, subscription: number): void {
    this.#ofClient.get(client)?.get(subscription)?.abort.abort();
    this.#ofClient.get(client)?.delete(subscription);
  }

  acknowledge(client: Client, subscription: number, seq: number): void {
    this.#ofClient.get(client)?.get(subscription)?.stream.acknowledge(seq);
  }

  #admit(client: Client): Map<number, Subscription> {
    const own = new Map<number, Subscription>();
    this.#ofClient.set(client, own);
    client.closed.addEventListener('abort', () => {
      for (const { abort } of own.values()) abort.abort();
      this.#ofClient.delete(client);
    });
    return own;
  }

  async #run(client: Client, subscription: number, stream: EventStream): Promise<void> {
    try {
      await stream.flow();
    } catch (error) {
      client.send({ kind: 'subscriptionEnded', subscription, message: errorText(error) });
    } finally {
      this.close(client, subscription);
    }
  }
}
