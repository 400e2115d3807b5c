// Follows a run's growing events.jsonl: everything from a seq on, then what is appended, without gap or
// duplicate. The file watcher makes it quick; a slow poll makes it sure, since watchers miss changes on
// network drives and say nothing of a file that isn't there yet.
import { type FSWatcher, watch } from 'node:fs';
import type { RunEvent } from '../../protocol/events';
import { eventLogPath, parseEvent, readWholeLines } from './read-events';

export interface EventTailOptions {
  /** First seq wanted; 1 is the beginning. */
  readonly fromSeq?: number;
  readonly pollMs?: number;
  readonly signal?: AbortSignal;
}

/** Batches of events of a run, in order, without end: leave the loop, or abort the signal, to stop. */
export class EventTail implements AsyncIterable<RunEvent[]> {
  readonly #file: string;
  readonly #folder: string;
  readonly #fromSeq: number;
  readonly #pollMs: number;
  readonly #signal: AbortSignal | undefined;

  constructor(runFolder: string, { fromSeq = 1, pollMs = 500, signal }: EventTailOptions = {}) {
    this.#file = eventLogPath(runFolder);
    this.#folder = runFolder;
    this.#fromSeq = fromSeq;
    this.#pollMs = pollMs;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent[]> {
    const changes = new ChangeSignal(this.#folder, this.#pollMs, this.#signal);
    let offset = 0;
    let line = 0;
    try {
      while (!this.#signal?.aborted) {
        // Only whole lines are consumed, so a torn one that the next writer cuts was never seen.
        const piece = readWholeLines(this.#file, offset);
        offset = piece.nextOffset;
        const events = piece.lines.map((text) => parseEvent(text, this.#file, ++line));
        const wanted = events.filter((event) => event.seq >= this.#fromSeq);
        if (wanted.length > 0) yield wanted;
        if (piece.lines.length === 0) await changes.next();
      }
    } finally {
      changes.close();
    }
  }
}

/** Wakes on a change in the folder, after the poll interval, or on abort. */
class ChangeSignal {
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
