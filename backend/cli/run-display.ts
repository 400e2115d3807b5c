// Shows a run by following its events: repainted on a terminal, a line a step without one, the events
// themselves with --json.
import type { RunEvent } from '../protocol/events';
import type { RunConfig } from '../protocol/run-config';
import { LiveScreen } from './live-screen';
import { liveTable } from './live-table';
import { createPaint } from './paint';
import { advance, noProgress, type RunProgress } from './run-progress';
import { eventLine, stepLine } from './step-line';
import type { Terminal } from './terminal';

export interface RunDisplay {
  show(event: RunEvent): void;
  /** An event of before this session: counts for the picture, but gets no line of its own. */
  recall(event: RunEvent): void;
  /** Shows what the keys do now, for example after Ctrl-C. */
  setHint(hint: string): void;
  /** Leaves the last picture and gives the terminal back. */
  close(): void;
}

export interface DisplayedRun {
  readonly name: string;
  readonly method: string;
  readonly engine: string;
  readonly budget: RunConfig['budget'];
}

/** A live table on a terminal, else lines; with --json the events as they are. */
export function createRunDisplay(terminal: Terminal, run: DisplayedRun, options: { json: boolean }): RunDisplay {
  if (options.json) return jsonDisplay(terminal);
  return terminal.isLive ? new LiveDisplay(terminal, run) : lineDisplay(terminal, run);
}

function jsonDisplay(terminal: Terminal): RunDisplay {
  return {
    show: (event) => terminal.out(`${JSON.stringify(event)}\n`),
    recall: () => undefined,
    setHint: () => undefined,
    close: () => undefined,
  };
}

function lineDisplay(terminal: Terminal, run: DisplayedRun): RunDisplay {
  let progress = noProgress;
  terminal.out(`${run.name}  ${run.method} · ${run.engine}\n`);
  return {
    show(event) {
      progress = advance(progress, event);
      const line = event.type === 'metrics' ? stepLine(progress, run.budget) : eventLine(event);
      if (line !== undefined) terminal.out(line);
    },
    recall(event) {
      progress = advance(progress, event);
    },
    setHint: (hint) => terminal.err(`${hint}\n`),
    close: () => undefined,
  };
}

/** What the keys do while a run is going on. */
export const runningHint = 'Ctrl-C: finish the step, save, and exit';

/** Pictures a second at most. */
const paintsPerSecond = 10;

class LiveDisplay implements RunDisplay {
  readonly #terminal: Terminal;
  readonly #run: DisplayedRun;
  readonly #screen: LiveScreen;
  #progress: RunProgress = noProgress;
  #hint = runningHint;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal, run: DisplayedRun) {
    this.#terminal = terminal;
    this.#run = run;
    this.#screen = new LiveScreen(terminal);
    process.stdout.on('resize', this.#paint);
    this.#paint();
  }

  show(event: RunEvent): void {
    this.#progress = advance(this.#progress, event);
    // What the table shows anyway needs no line of its own.
    const isInTable = event.type === 'state' || event.type === 'metrics' || event.type === 'phase';
    const line = isInTable ? undefined : eventLine(event);
    if (line !== undefined) this.#screen.print(line);
    this.#paintSoon();
  }

  recall(event: RunEvent): void {
    this.#progress = advance(this.#progress, event);
    this.#paintSoon();
  }

  setHint(hint: string): void {
    this.#hint = hint;
    this.#paint();
  }

  close(): void {
    process.stdout.off('resize', this.#paint);
    this.#hint = '';
    this.#paint();
    this.#screen.close();
  }

  #paintSoon(): void {
    this.#timer ??= setTimeout(this.#paint, 1000 / paintsPerSecond);
  }

  readonly #paint = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#screen.paint(
      liveTable(this.#progress, {
        title: this.#run,
        budget: this.#run.budget,
        columns: this.#terminal.columns(),
        paint: createPaint(this.#terminal.hasColor),
        hint: this.#hint,
      }),
    );
  };
}
