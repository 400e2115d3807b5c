// What user code prints, kept for the call that printed it. console.* writes to process.stdout and stderr,
// so replacing their write catches it all; a debugger's console still shows it, since it listens elsewhere.

/** Most characters of console output kept for one call. */
const consoleLimit = 10_000;

export class ConsoleCapture {
  private text = '';
  private left = 0;

  install(): void {
    for (const stream of [process.stdout, process.stderr]) {
      stream.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
        this.add(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString());
        const callback = typeof encoding === 'function' ? encoding : done;
        if (typeof callback === 'function') process.nextTick(callback);
        return true;
      };
    }
  }

  add(text: string): void {
    const room = consoleLimit - this.text.length;
    this.text += text.slice(0, room);
    this.left += Math.max(0, text.length - room);
  }

  /** The text since last time, with a note on what went over the limit. */
  take(): string {
    const text = this.left > 0 ? `${this.text}\n… ${this.left} more characters` : this.text;
    this.text = '';
    this.left = 0;
    return text;
  }
}
