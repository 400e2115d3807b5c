// Reward functions under a debugger, one process each; a session ends with its function, on request, or with
// the window that started it.
import { randomUUID } from 'node:crypto';
import { errorText, SuperRlError } from '../protocol/errors';
import type { DebugName } from './computation/computation';
import { ComputationProcess } from './computation/computation-process';
import type { Client, ParsedParams } from './request';

export class DebugSessions {
  readonly #entry: string;
  readonly #sessions = new Map<string, AbortController>();

  /** @param entry computation.mjs */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** Resolves when the debugger can attach. @throws SuperRlError why the function can't be debugged. */
  async start<N extends DebugName>(
    client: Client,
    name: N,
    params: ParsedParams<N>,
    cancel: AbortSignal,
  ): Promise<{ port: number; session: string }> {
    const session = randomUUID();
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, client.closed]);
    const process = new ComputationProcess(this.#entry);
    const stop = (): void => abort.abort();
    cancel.addEventListener('abort', stop);
    try {
      const port = await new Promise<number>((resolve, reject) => {
        let isAttachable = false;
        const onPort = (at: number): void => {
          isAttachable = true;
          resolve(at);
        };
        const told = process.run<DebugName>(name, params, { signal, onPort }).then(
          (outcomes) => {
            if (isAttachable) client.send({ kind: 'debugEnded', session, outcomes });
            else reject(new SuperRlError('internal', 'The reward returned before a debugger could attach.'));
          },
          (error: unknown) => {
            if (isAttachable && !signal.aborted) {
              client.send({ kind: 'debugEnded', session, outcomes: [], message: errorText(error) });
            } else reject(error);
          },
        );
        void told.finally(() => {
          this.#sessions.delete(session);
          process.end();
        });
        signal.addEventListener('abort', () => this.#sessions.delete(session));
      });
      this.#sessions.set(session, abort);
      return { port, session };
    } finally {
      cancel.removeEventListener('abort', stop);
    }
  }

  end(session: string): void {
    this.#sessions.get(session)?.abort();
    this.#sessions.delete(session);
  }

  endAll(): void {
    for (const abort of this.#sessions.values()) abort.abort();
  }
}
