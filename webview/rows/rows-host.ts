// The paged view's line to the extension host: typed messages out, checked messages in, requests with their answers.
import * as z from 'zod/mini';
import {
  type RowsHostMessage,
  type RowsState,
  type RowsViewMessage,
  rowsHostMessageSchema,
  rowsStateSchema,
} from '../../backend/protocol/rows-view';

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
  getState(): unknown;
}
declare function acquireVsCodeApi(): VsCodeApi;

// zod would otherwise try to compile checks with `new Function`, which the policy forbids and reports.
z.config({ jitless: true });

type Answer = Extract<RowsHostMessage, { kind: 'rows' | 'found' | 'detail' | 'refused' }>;
/** What the host says of its own accord. */
export type Told = Exclude<RowsHostMessage, Answer | { kind: 'searched' | 'isShown' }>;
type AnswerOf<K> = Extract<Answer, { kind: K }>;

interface Waiting {
  readonly answer: (answer: Answer) => void;
  readonly onProgress: ((rows: number) => void) | undefined;
}

export class RowsHost {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Calls back for every message that is no answer; ready to be sent to from then on. */
  listen(onMessage: (message: Told) => void): void {
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const parsed = rowsHostMessageSchema.safeParse(event.data);
      if (!parsed.success) {
        console.error('SuperRL rows: a message that this version does not know', z.prettifyError(parsed.error));
        return;
      }
      const message = parsed.data;
      if (message.kind === 'isShown') return this.post({ kind: 'shown' });
      if (!('id' in message)) return onMessage(message);
      const waiting = this.#waiting.get(message.id);
      if (message.kind === 'searched') return waiting?.onProgress?.(message.rows);
      this.#waiting.delete(message.id);
      waiting?.answer(message);
    });
    this.post({ kind: 'ready' });
  }

  post(message: RowsViewMessage): void {
    this.#api.postMessage(message);
  }

  readRows(from: number, count: number): Promise<AnswerOf<'rows'>> {
    return this.#request('rows', (id) => ({ kind: 'readRows', id, from, count }));
  }

  readDetail(row: number): Promise<AnswerOf<'detail'>> {
    return this.#request('detail', (id) => ({ kind: 'readDetail', id, row }));
  }

  /** @param onProgress gets the rows that were looked through so far */
  search(text: string, from: number, onProgress: (rows: number) => void): Promise<AnswerOf<'found'>> {
    return this.#request('found', (id) => ({ kind: 'search', id, text, from }), onProgress);
  }

  /** Rejects with the host's words when it refuses. */
  #request<K extends Answer['kind']>(
    kind: K,
    message: (id: number) => RowsViewMessage,
    onProgress?: (rows: number) => void,
  ): Promise<AnswerOf<K>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const answer = (given: Answer) => {
        if (given.kind === kind) resolve(given as AnswerOf<K>);
        else reject(new Error(given.kind === 'refused' ? given.message : `An answer of another kind: ${given.kind}`));
      };
      this.#waiting.set(id, { answer, onProgress });
      this.post(message(id));
    });
  }

  /** undefined: the page is new. */
  get state(): RowsState | undefined {
    return rowsStateSchema.safeParse(this.#api.getState()).data;
  }

  keep(state: RowsState): void {
    this.#api.setState(state);
  }
}
