// Posts to a dashboard's page in batches: some milliseconds after a change, and the next one only when the page has taken
// the last. A slow page is one batch behind then, never a queue of them.
import type { HostMessage } from '../../backend/protocol/dashboard';

export interface PageBatchesOptions {
  /** What the page is to be told of the changes since the last call. */
  readonly collect: () => readonly HostMessage[];
  readonly post: (message: HostMessage) => void;
  /** From a change to the batch that tells it. */
  readonly waitMs: () => number;
}

export class PageBatches {
  #timer: NodeJS.Timeout | undefined;
  #underWay: number | undefined;
  #last = 0;
  #hasChanged = false;

  constructor(private readonly options: PageBatchesOptions) {}

  changed(): void {
    this.#hasChanged = true;
    if (this.#underWay === undefined) this.#timer ??= setTimeout(() => this.postNow(), this.options.waitMs());
  }

  /** The waiting time is another from now on. */
  waitAnew(): void {
    this.dispose();
    this.changed();
  }

  /** Whatever is under way: a person has asked for it, or the page starts over. */
  postNow(messages: readonly HostMessage[] = this.options.collect()): void {
    this.dispose();
    this.#hasChanged = false;
    if (messages.length === 0) return;
    for (const message of messages) this.options.post(message);
    this.#underWay = ++this.#last;
    this.options.post({ kind: 'batchEnd', batch: this.#last });
  }

  /** The page has handled a batch and all before. */
  taken(batch: number): void {
    if (batch !== this.#underWay) return;
    this.#underWay = undefined;
    if (this.#hasChanged) this.changed();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
