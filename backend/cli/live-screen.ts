// Repaints a block of lines at the bottom of a terminal; other lines go above it and stay. Plain ANSI.
import { textWidth } from './paint';
import type { Terminal } from './terminal';

export class LiveScreen {
  readonly #terminal: Terminal;
  #painted: readonly string[] = [];
  #isOpen = false;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Replaces the block. Lines must be narrower than the terminal; those beyond its height are left out. */
  paint(lines: readonly string[]): void {
    const shown = lines.slice(0, Math.max(1, this.#terminal.rows() - 1));
    const hideCursor = this.#isOpen ? '' : '\x1b[?25l';
    this.#terminal.out(`${hideCursor}${this.#erase()}${shown.map((line) => `${line}\n`).join('')}`);
    this.#painted = shown;
    this.#isOpen = true;
  }

  /** Prints a line that stays, above the block. */
  print(line: string): void {
    const block = this.#painted;
    this.#terminal.out(`${this.#erase()}${line}${block.map((painted) => `${painted}\n`).join('')}`);
  }

  /** Leaves the block as it is and gives the cursor back. */
  close(): void {
    if (this.#isOpen) this.#terminal.out('\x1b[?25h');
    this.#painted = [];
    this.#isOpen = false;
  }

  /** Goes to the block's first line and clears from there. A narrower window has wrapped the lines. */
  #erase(): string {
    const columns = Math.max(1, this.#terminal.columns());
    const height = this.#painted.reduce((sum, line) => sum + Math.max(1, Math.ceil(textWidth(line) / columns)), 0);
    return height === 0 ? '' : `\x1b[${height}A\r\x1b[J`;
  }
}
