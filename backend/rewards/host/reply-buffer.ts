// The Node host's replies on their way to file descriptor 3, kept in memory that its two threads share: the main
// thread notes a plain score, or which call it begins, without a system call or a lock, and the worker writes out every
// few milliseconds what is new, also while user code holds the main thread.
import { writeSync } from 'node:fs';
import type { HostReply } from './host-protocol';

const replyDescriptor = 3;
const textBytes = 1 << 20;
/** Scores that wait to be written; a ring of three numbers each: call, value (NaN: null), milliseconds. */
const ringSize = 4096;

/** Places in the header. */
const locked = 0;
const filled = 1;
/** Of the request at work, and which of its calls is under way (−1: none), and the last one that was told to be. */
const request = 2;
const underWay = 3;
const told = 4;
/** Scores ever noted, and ever written; both wrap around. */
const noted = 5;
const written = 6;
const headerBytes = 32;

export class ReplyBuffer {
  /** What the other thread makes its ReplyBuffer of. */
  readonly shared: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #ring: Float64Array;
  readonly #text: Uint8Array;

  constructor(shared = new SharedArrayBuffer(headerBytes + ringSize * 24 + textBytes)) {
    this.shared = shared;
    this.#header = new Int32Array(shared, 0, headerBytes / 4);
    this.#ring = new Float64Array(shared, headerBytes, ringSize * 3);
    this.#text = new Uint8Array(shared, headerBytes + ringSize * 24);
  }

  beginRequest(id: number): void {
    this.#exclusively(() => {
      this.#header[request] = id;
      this.#header[underWay] = -1;
      this.#header[told] = -1;
    });
  }

  /** The main thread is about to make this call of the request. */
  beginCall(call: number): void {
    Atomics.store(this.#header, underWay, call);
  }

  /** The call under way gave a number or null, and nothing else is to be told of it. */
  addScore(call: number, value: number | null, ms: number): void {
    const at = Atomics.load(this.#header, noted);
    if (((at - Atomics.load(this.#header, written)) | 0) === ringSize) this.flush();
    const place = (at & (ringSize - 1)) * 3;
    this.#ring[place] = call;
    this.#ring[place + 1] = value ?? Number.NaN;
    this.#ring[place + 2] = ms;
    Atomics.store(this.#header, noted, (at + 1) | 0);
    Atomics.store(this.#header, underWay, -1);
  }

  add(reply: HostReply): void {
    Atomics.store(this.#header, underWay, -1);
    this.#exclusively(() => {
      this.#moveScores();
      this.#append(reply);
    });
  }

  /** Writes out all that is there, and which call is under way if that is new. */
  flush(): void {
    this.#exclusively(() => {
      // Read before the scores: a call that ends in between is told by its score.
      const call = Atomics.load(this.#header, underWay);
      const last = this.#moveScores();
      if (call > (this.#header[told] ?? -1) && call > last) {
        this.#header[told] = call;
        this.#append({ id: this.#header[request] ?? 0, type: 'begin', call });
      }
      this.#writeOut();
    });
  }

  /** Appends the scores that wait, as one reply; returns the last call among them, or −1. */
  #moveScores(): number {
    const end = Atomics.load(this.#header, noted);
    const start = Atomics.load(this.#header, written);
    const count = (end - start) | 0;
    if (count === 0) return -1;
    const values = new Array<number | null>(count);
    const ms = new Array<number>(count);
    const first = this.#ring[(start & (ringSize - 1)) * 3] ?? 0;
    for (let index = 0; index < count; index++) {
      const place = ((start + index) & (ringSize - 1)) * 3;
      const value = this.#ring[place + 1] ?? Number.NaN;
      values[index] = Number.isNaN(value) ? null : value;
      ms[index] = Math.round((this.#ring[place + 2] ?? 0) * 1e4) / 1e4;
    }
    this.#append({ id: this.#header[request] ?? 0, type: 'scores', first, values, ms });
    Atomics.store(this.#header, written, end);
    return first + count - 1;
  }

  #append(reply: HostReply): void {
    const bytes = Buffer.from(`${JSON.stringify(reply)}\n`);
    if ((this.#header[filled] ?? 0) + bytes.length > textBytes) this.#writeOut();
    if (bytes.length > textBytes) {
      writeAll(bytes);
      return;
    }
    const length = this.#header[filled] ?? 0;
    this.#text.set(bytes, length);
    this.#header[filled] = length + bytes.length;
  }

  #writeOut(): void {
    const length = this.#header[filled] ?? 0;
    if (length > 0) writeAll(Buffer.from(this.#text.slice(0, length)));
    this.#header[filled] = 0;
  }

  #exclusively(work: () => void): void {
    while (Atomics.compareExchange(this.#header, locked, 0, 1) !== 0) Atomics.wait(this.#header, locked, 1, 1);
    try {
      work();
    } finally {
      Atomics.store(this.#header, locked, 0);
      Atomics.notify(this.#header, locked);
    }
  }
}

function writeAll(bytes: Buffer): void {
  for (let rest = bytes; rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(replyDescriptor, rest));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
