// Tells that something in a folder changed. The file watcher makes it quick; a slow poll makes it sure, since
// watchers miss changes on network drives and say nothing of a folder that isn't there yet.
import { type FSWatcher, watch } from 'node:fs';

/** Wakes on a change in the folder, after the poll interval, or on abort. */
export class ChangeSignal {
  readonly #pollMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(folder: string, pollMs: number, signal: AbortSignal | undefined) {
    this.#pollMs = pollMs;
    this.#signal = signal;
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#notify());
      this.#watcher.on('error', () => this.#watcher?.close()); // polling goes on
    } catch {
      this.#watcher = undefined; // no watcher here (limits, network drive): polling alone
    }
    signal?.addEventListener('abort', this.#notify, { once: true });
  }

  /** Resolves at the first change since the last call; at once if there was one. */
  async next(): Promise<void> {
    if (!this.#changed && !this.#signal?.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#pollMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#changed = false;
  }

  close(): void {
    this.#watcher?.close();
    this.#signal?.removeEventListener('abort', this.#notify);
  }

  readonly #notify = (): void => {
    this.#changed = true;
    this.#wake?.();
  };
}
