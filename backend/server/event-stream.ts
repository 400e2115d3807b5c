// A subscription: a run's events from a seq on, replayed from its file and then followed live by reading the
// same file on. One way for live, finished and terminal-started runs, so there is no seam for a gap or a
// duplicate; a slow reader simply makes the reading wait.
import { ChangeSignal } from '../trainer/run-folder/change-signal';
import { type LogLine, LogLines } from './log-lines';

/** Largest frame of a replay, in characters. */
const frameCharacters = 256 * 1024;
/** How far ahead of the last ack of a client that acks. */
const mostUnacknowledged = 20_000;
const pollMs = 500;

export interface EventStreamOptions {
  readonly run: string;
  readonly subscription: number;
  readonly fromSeq: number;
  readonly signal: AbortSignal;
  /** Takes one message; resolves when more can be taken. */
  readonly send: (text: string) => Promise<void>;
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #head: string;
  #acknowledged: number | undefined;
  #wake: (() => void) | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    const { subscription, run } = options;
    this.#head = JSON.stringify({ kind: 'events', subscription, run }).slice(0, -1);
    options.signal.addEventListener('abort', () => this.#wake?.());
  }

  acknowledge(seq: number): void {
    this.#acknowledged = Math.max(seq, this.#acknowledged ?? 0);
    this.#wake?.();
  }

  /** Sends until the signal aborts. @throws SuperRlError `run` when the log is damaged or gone. */
  async flow(): Promise<void> {
    const { run, fromSeq, signal } = this.#options;
    const changes = new ChangeSignal(run, pollMs, signal);
    const log = new LogLines(run);
    try {
      while (!signal.aborted) {
        const lines = await log.next(fromSeq);
        if (lines) await this.#sendAll(lines);
        else await changes.next();
      }
    } finally {
      changes.close();
    }
  }

  async #sendAll(lines: readonly LogLine[]): Promise<void> {
    for (let from = 0; from < lines.length && !this.#options.signal.aborted; ) {
      let to = from;
      for (let characters = 0; to < lines.length && characters < frameCharacters; to++) {
        characters += lines[to]?.text.length ?? 0;
      }
      const frame = lines.slice(from, to);
      await this.#untilWanted(frame.at(-1)?.seq ?? 0);
      if (this.#options.signal.aborted) return;
      await this.#options.send(`${this.#head},"events":[${frame.map(({ text }) => text).join(',')}]}`);
      from = to;
    }
  }

  async #untilWanted(seq: number): Promise<void> {
    const isAhead = (): boolean => this.#acknowledged !== undefined && seq - this.#acknowledged > mostUnacknowledged;
    while (isAhead() && !this.#options.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
