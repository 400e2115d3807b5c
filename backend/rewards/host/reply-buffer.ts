// The Node host's replies on their way to file descriptor 3, kept in memory that its two threads share: the main
// thread adds thousands a second without a system call for each, and the worker writes them out every few
// milliseconds, also while user code holds the main thread.
import { writeSync } from 'node:fs';

const replyDescriptor = 3;
const capacity = 1 << 20;
const headerBytes = 8;
const locked = 0;
const filled = 1;

export class ReplyBuffer {
  /** What the other thread makes its ReplyBuffer of. */
  readonly shared: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(shared = new SharedArrayBuffer(headerBytes + capacity)) {
    this.shared = shared;
    this.#header = new Int32Array(shared, 0, 2);
    this.#bytes = new Uint8Array(shared, headerBytes);
  }

  add(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    this.#exclusively(() => {
      const length = this.#header[filled] ?? 0;
      if (length + bytes.length <= capacity) {
        this.#bytes.set(bytes, length);
        this.#header[filled] = length + bytes.length;
      } else {
        this.#writeOut();
        writeAll(bytes);
      }
    });
  }

  flush(): void {
    this.#exclusively(() => this.#writeOut());
  }

  #writeOut(): void {
    const length = this.#header[filled] ?? 0;
    if (length > 0) writeAll(Buffer.from(this.#bytes.slice(0, length)));
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
