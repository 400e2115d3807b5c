// The one process that reads data files for windows (computation/data-views.ts): it keeps what it has opened, and ends
// when nobody has looked at data for a while.
import type { ComputationName, ComputationResult } from './computation/computation';
import { ComputationProcess } from './computation/computation-process';

const keptMs = 120_000;

export class DataReader {
  readonly #entry: string;
  #process: ComputationProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param entry computation.mjs */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** One after the other; each is short. A client that leaves doesn't end it: others read in the same process. */
  run<N extends ComputationName>(name: N, params: unknown): Promise<ComputationResult<N>> {
    const answer = this.#turn.then(() => this.#run(name, params));
    this.#turn = answer.catch(() => undefined); // its caller is told
    return answer;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#process?.dismiss(); // unpacked files go with it
    this.#process = undefined;
  }

  async #run<N extends ComputationName>(name: N, params: unknown): Promise<ComputationResult<N>> {
    clearTimeout(this.#timer);
    if (!this.#process || this.#process.hasEnded) this.#process = new ComputationProcess(this.#entry);
    try {
      return await this.#process.run(name, params, { signal: new AbortController().signal });
    } finally {
      this.#timer = setTimeout(() => this.end(), keptMs).unref();
    }
  }
}
