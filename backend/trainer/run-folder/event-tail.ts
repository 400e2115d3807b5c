// Follows a run's growing events.jsonl: everything from a seq on, then what is appended, without gap or
// duplicate.
import { setImmediate } from 'node:timers/promises';
import type { RunEvent } from '../../protocol/events';
import { ChangeSignal } from './change-signal';
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
        else await setImmediate(); // a long log must not keep everything else waiting
      }
    } finally {
      changes.close();
    }
  }
}
