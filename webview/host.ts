// The line to the extension host: typed messages out, checked messages in, and requests with their answers.
import * as z from 'zod/mini';
import {
  type HostMessage,
  hostMessageSchema,
  type WebviewMessage,
  type WebviewState,
  webviewStateSchema,
} from '../backend/protocol/dashboard';

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

// zod would otherwise try to compile checks with `new Function`, which the policy forbids and reports.
z.config({ jitless: true });

type Answer = Extract<HostMessage, { id: number }>;
type Request = Extract<WebviewMessage, { id: number }>;
type RequestWithoutId = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
type AnswerTo = { readSamples: 'samples'; search: 'found'; readTable: 'table' };

/** What the host would not do, in words for the person. */
export class Refusal extends Error {}

export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** Calls back for every message that is no answer; ready to be sent to from then on. */
  listen(onMessage: (message: HostMessage) => void): void {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const parsed = hostMessageSchema.safeParse(event.data);
      if (!parsed.success) {
        console.error('SuperRL dashboard: a message that this version does not know', z.prettifyError(parsed.error));
        return;
      }
      const message = parsed.data;
      if (message.kind === 'batchEnd') return this.post({ kind: 'taken', batch: message.batch });
      if (!('id' in message)) return onMessage(message);
      const answer = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      answer?.(message);
    });
    this.post({ kind: 'ready' });
  }

  post(message: WebviewMessage): void {
    this.#api.postMessage(message);
  }

  /** @throws Refusal with the host's words */
  request<R extends RequestWithoutId>(request: R): Promise<Extract<HostMessage, { kind: AnswerTo[R['kind']] }>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => {
        if (answer.kind === 'refused') reject(new Refusal(answer.message));
        else resolve(answer as Extract<HostMessage, { kind: AnswerTo[R['kind']] }>);
      });
      this.post({ ...request, id } as Request);
    });
  }

  /**
   * What the page shows, as the host wrote it into the page. It goes into the editor's own keeping too, from which a
   * reload of the window brings it back.
   */
  keepState(): WebviewState {
    const state = webviewStateSchema.parse(JSON.parse(document.body.dataset.state ?? ''));
    this.#api.setState(state);
    return state;
  }
}
