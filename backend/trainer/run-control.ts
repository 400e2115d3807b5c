// Requests of a person to a run under way. They are messages, never signals; the trainer looks at them
// between micro-batches and phases, and acts at the next point where nothing is half done.

export interface RunRequest {
  readonly action: 'stop' | 'pause' | 'resume' | 'checkpoint';
  /** Who asks, for the log. */
  readonly by: string;
}

const pausedPollMs = 200;

export class RunControl {
  #stop: string | undefined;
  #pause: string | undefined;
  #checkpoint = false;
  #wake: (() => void) | undefined;
  #takeRequests: () => readonly RunRequest[] = () => [];

  /** Where requests from outside the process lie (the run folder); looked at by every poll. */
  readRequestsFrom(take: () => readonly RunRequest[]): void {
    this.#takeRequests = take;
  }

  /** Does what a message asks for. */
  apply({ action, by }: RunRequest): void {
    if (action === 'stop') this.requestStop(`Stopped by ${by}.`);
    else if (action === 'pause') this.requestPause(`Paused by ${by}.`);
    else if (action === 'resume') this.requestResume();
    else this.requestCheckpoint();
  }

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
    for (const request of this.#takeRequests()) this.apply(request);
  }

  /** Resolves when the pause is over, by resume or stop. */
  async untilResumed(): Promise<void> {
    while (this.pauseReason !== undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pausedPollMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
      await this.poll();
    }
  }
}
