// Requests of a person to a run under way. They are messages, never signals; the trainer looks at them
// between micro-batches and phases, and acts at the next point where nothing is half done.

export class RunControl {
  #stop: string | undefined;
  #pause: string | undefined;
  #checkpoint = false;
  #wake: (() => void) | undefined;

  /** Finish the step, save and end. */
  requestStop(reason: string): void {
    this.#stop = reason;
    this.#wake?.();
  }

  /** Hold at the next pause point until resume or stop. */
  requestPause(reason: string): void {
    this.#pause = reason;
  }

  requestResume(): void {
    this.#pause = undefined;
    this.#wake?.();
  }

  /** Save a checkpoint after this step. */
  requestCheckpoint(): void {
    this.#checkpoint = true;
  }

  /** Why the run should stop; undefined: it should not. */
  get stopReason(): string | undefined {
    return this.#stop;
  }

  /** Why the run should pause; undefined: it should not. A stop overrides a pause. */
  get pauseReason(): string | undefined {
    return this.#stop === undefined ? this.#pause : undefined;
  }

  /** Whether a checkpoint was asked for since the last call. */
  takeCheckpointRequest(): boolean {
    const asked = this.#checkpoint;
    this.#checkpoint = false;
    return asked;
  }

  /** Lets waiting messages in: computing leaves the event loop no turn of its own. */
  async poll(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  /** Resolves when the pause is over, by resume or stop. */
  async untilResumed(): Promise<void> {
    while (this.pauseReason !== undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
