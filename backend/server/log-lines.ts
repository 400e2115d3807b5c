// The lines of a run's events.jsonl as the text they are, for sending on: read in pieces without blocking, and
// without parsing those that are not wanted. seq counts from 1 without a gap, so line n holds event n.
import { type FileHandle, open } from 'node:fs/promises';
import { errorText, SuperRlError } from '../protocol/errors';
import { eventLogPath } from '../trainer/run-folder/read-events';
import { systemCode } from '../trainer/run-folder/storage-error';

const newline = 0x0a;
const pieceBytes = 1 << 20;

export interface LogLine {
  readonly seq: number;
  /** One JSON object. */
  readonly text: string;
}

/** Reads on from where the last look ended. */
export class LogLines {
  readonly #file: string;
  #offset = 0;
  #seq = 0;
  #piece = Buffer.alloc(0);

  constructor(run: string) {
    this.#file = eventLogPath(run);
  }

  /**
   * The next whole lines from `fromSeq` on, about 1 MiB of the file at a time; undefined at its end (so far).
   * @throws SuperRlError `run` when a line isn't the event its place says, or the log has vanished.
   */
  async next(fromSeq: number): Promise<LogLine[] | undefined> {
    const handle = await this.#open();
    if (!handle) return undefined;
    try {
      for (let length = Math.max(pieceBytes, this.#piece.length); ; length *= 2) {
        if (this.#piece.length < length) this.#piece = Buffer.alloc(length);
        const { bytesRead } = await handle.read(this.#piece, 0, length, this.#offset);
        const end = bytesRead === 0 ? -1 : this.#piece.lastIndexOf(newline, bytesRead - 1);
        if (end >= 0) return this.#take(end, fromSeq);
        if (bytesRead < length) return undefined;
      }
    } finally {
      await handle.close();
    }
  }

  #take(end: number, fromSeq: number): LogLine[] {
    const lines: LogLine[] = [];
    for (let start = 0; start <= end; ) {
      const stop = this.#piece.indexOf(newline, start);
      const seq = ++this.#seq;
      if (seq >= fromSeq) {
        const text = this.#piece.toString('utf8', start, stop);
        this.#check(text, seq);
        lines.push({ seq, text });
      }
      start = stop + 1;
    }
    this.#offset += end + 1;
    return lines;
  }

  #check(text: string, seq: number): void {
    let problem = '';
    try {
      const event: unknown = JSON.parse(text);
      if (typeof event === 'object' && event !== null && 'seq' in event && event.seq === seq) return;
      problem = `It is not event ${seq}.`;
    } catch (error) {
      problem = `${errorText(error)}.`;
    }
    throw new SuperRlError('run', `This line of the run's log is damaged; restore the file. ${problem}`, {
      place: { file: this.#file, line: seq },
    });
  }

  async #open(): Promise<FileHandle | undefined> {
    try {
      return await open(this.#file, 'r');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      if (this.#offset === 0) return undefined; // a run just being made
      throw new SuperRlError('run', 'The log of this run has been deleted.', { place: { file: this.#file } });
    }
  }
}
