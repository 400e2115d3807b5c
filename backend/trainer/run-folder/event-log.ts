// events.jsonl as its one writer appends to it: seq without a gap, one line an event, and after a failed
// write the file is exactly what it was before.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import { type EventData, type EventType, eventData, type RunEvent, runEventSchema } from '../../protocol/events';
import { syncFolder } from './atomic-file';
import { toJsonLine } from './json-line';
import { storageError } from './storage-error';

/** Events after which the file is synced at once; others are synced in the background, about every `syncEveryMs`. */
const syncedTypes: ReadonlySet<EventType> = new Set([
  'state',
  'checkpoint',
  'evaluation',
  'probe',
  'alarm',
  'error',
  'interrupted',
  'resumed',
]);
const syncEveryMs = 1000;

export class EventLog {
  readonly #path: string;
  readonly #descriptor: number;
  #offset: number;
  #lastSeq: number;
  #syncedAt = Date.now();
  #syncing = false;
  #syncError: Error | undefined;
  #closed = false;

  private constructor(path: string, descriptor: number, end: LogEnd) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#offset = end.offset;
    this.#lastSeq = end.lastSeq;
  }

  /**
   * Opens or creates the log and cuts a torn last line. Only the holder of the run's lock may call this.
   * @throws SuperRlError `storage` when it can't be written.
   */
  static open(path: string): EventLog {
    let descriptor: number | undefined;
    try {
      const isNew = !existsSync(path);
      descriptor = openSync(path, isNew ? 'wx+' : 'r+');
      if (isNew) syncFolder(dirname(path));
      const end = findEnd(descriptor);
      if (fstatSync(descriptor).size > end.offset) {
        ftruncateSync(descriptor, end.offset);
        fsyncSync(descriptor);
      }
      return new EventLog(path, descriptor, end);
    } catch (error) {
      if (descriptor !== undefined) closeSync(descriptor);
      throw storageError(error, path);
    }
  }

  /** seq of the last event; 0 in an empty log. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /**
   * Appends one event and returns it as logged.
   * @throws SuperRlError `storage` when it can't be written (the log is then as before) or synced, `internal` when the
   * data isn't what its type promises.
   */
  append<T extends EventType>(type: T, data: EventData<T>, now: number = Date.now()): RunEvent {
    const checked = eventData[type].safeParse(data);
    if (!checked.success) {
      throw new SuperRlError('internal', `A ${type} event holds what it must not: ${checked.error.message}`, {
        cause: checked.error,
      });
    }
    const event = runEventSchema.parse({ seq: this.#lastSeq + 1, ts: now, type, data: checked.data });
    if (this.#syncError) throw storageError(this.#syncError, this.#path);
    this.#write(Buffer.from(toJsonLine(event)));
    this.#lastSeq = event.seq;
    if (syncedTypes.has(type)) this.sync();
    else this.#syncInBackground();
    return event;
  }

  /** Makes all events durable. */
  sync(): void {
    try {
      fsyncSync(this.#descriptor);
      this.#syncedAt = Date.now();
    } catch (error) {
      throw storageError(error, this.#path);
    }
  }

  close(): void {
    try {
      this.sync();
    } finally {
      this.#closed = true;
      closeSync(this.#descriptor);
    }
  }

  /** A busy disk can take a tenth of a second to sync, which training need not wait for. */
  #syncInBackground(): void {
    if (this.#syncing || Date.now() - this.#syncedAt < syncEveryMs) return;
    this.#syncing = true;
    fsync(this.#descriptor, (error) => {
      this.#syncing = false;
      this.#syncedAt = Date.now();
      if (error && !this.#closed) this.#syncError = error; // told at the next append
    });
  }

  #write(line: Buffer): void {
    let written = 0;
    try {
      while (written < line.length) {
        written += writeSync(this.#descriptor, line, written, line.length - written, this.#offset + written);
      }
    } catch (error) {
      if (written > 0) ftruncateSync(this.#descriptor, this.#offset);
      throw storageError(error, this.#path);
    }
    this.#offset += line.length;
  }
}

interface LogEnd {
  /** Where the next event goes: just behind the last whole line. */
  readonly offset: number;
  readonly lastSeq: number;
}

const newline = 0x0a;

/** Finds the last whole event by reading backwards; what follows it is a torn write. */
function findEnd(descriptor: number): LogEnd {
  const size = fstatSync(descriptor).size;
  for (let length = Math.min(size, 1 << 16); ; length = Math.min(size, length * 2)) {
    const start = size - length;
    const tail = Buffer.alloc(length);
    readSync(descriptor, tail, 0, length, start);
    let end = tail.lastIndexOf(newline);
    while (end >= 0) {
      const before = end === 0 ? -1 : tail.lastIndexOf(newline, end - 1);
      if (before < 0 && start > 0) break; // the line begins before this piece
      const seq = seqOf(tail.toString('utf8', before + 1, end));
      if (seq !== undefined) return { offset: start + end + 1, lastSeq: seq };
      end = before;
    }
    if (start === 0) return { offset: 0, lastSeq: 0 };
  }
}

function seqOf(line: string): number | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && 'seq' in value && typeof value.seq === 'number') {
      return value.seq;
    }
  } catch {
    // not a whole event: torn
  }
  return undefined;
}
