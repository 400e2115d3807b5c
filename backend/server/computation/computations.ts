// Computation processes as the request handlers use them: a fresh one a request, but the one that holds a model
// stays for a while, so that the next prompt to the same model does not load it again.

import type { ComputationName, ComputationResult } from './computation';
import { type ComputationHooks, ComputationProcess } from './computation-process';

const keptMs = 120_000;

export class Computations {
  readonly #entry: string;
  readonly #running = new Set<ComputationProcess>();
  #kept: { readonly model: string; readonly process: ComputationProcess; readonly timer: NodeJS.Timeout } | undefined;

  /** @param entry computation.mjs */
  constructor(entry: string) {
    this.#entry = entry;
  }

  async run<N extends ComputationName>(
    name: N,
    params: unknown,
    hooks: ComputationHooks,
  ): Promise<ComputationResult<N>> {
    const process = new ComputationProcess(this.#entry);
    try {
      return await this.#runIn(process, name, params, hooks);
    } finally {
      process.end();
    }
  }

  /** @param model of the parameters: the process that has answered for it last is used again. */
  async tryModel(model: string, params: unknown, hooks: ComputationHooks): Promise<ComputationResult<'tryModel'>> {
    const kept = this.#take();
    const isFit = kept?.model === model && !kept.process.hasEnded;
    if (kept && !isFit) kept.process.end();
    const process = kept && isFit ? kept.process : new ComputationProcess(this.#entry);
    try {
      return await this.#runIn(process, 'tryModel', params, hooks);
    } finally {
      this.#keep(model, process);
    }
  }

  end(): void {
    this.#take()?.process.end();
    for (const process of this.#running) process.end();
  }

  async #runIn<N extends ComputationName>(
    process: ComputationProcess,
    name: N,
    params: unknown,
    hooks: ComputationHooks,
  ): Promise<ComputationResult<N>> {
    this.#running.add(process);
    try {
      return await process.run(name, params, hooks);
    } finally {
      this.#running.delete(process);
    }
  }

  #take() {
    const kept = this.#kept;
    this.#kept = undefined;
    clearTimeout(kept?.timer);
    return kept;
  }

  #keep(model: string, process: ComputationProcess): void {
    this.#take()?.process.end(); // another prompt ran at the same time
    const timer = setTimeout(() => this.#take()?.process.end(), keptMs);
    this.#kept = { model, process, timer: timer.unref() };
  }
}
