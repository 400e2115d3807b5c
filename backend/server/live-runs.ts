// The trainers that this server has started, one process a run, and the queue of runs that wait for the one
// that is live. A trainer that crashes or is killed ends its run as interrupted and nothing else.
import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { errorText, SuperRlError } from '../protocol/errors';
import type { RunSummary } from '../protocol/messages';
import { type ControlAction, requestControl } from '../trainer/run-folder/control-file';
import { readRunRecord } from '../trainer/run-folder/run-json';
import { runLockState } from '../trainer/run-folder/run-lock';
import { readRunSettings } from '../trainer/run-settings';
import type { StartMessage } from '../trainer/trainer-messages';
import { startTrainer, type TrainerProcess } from '../trainer/trainer-process';
import { cancelled } from './request';
import type { QueuedRun, RunQueue } from './run-queue';

export interface LiveRunsOptions {
  /** trainer.mjs. */
  readonly trainerEntry: string;
  readonly queue: RunQueue;
  readonly log: (text: string) => void;
  /** A run began, ended or was queued. */
  readonly onChange: () => void;
}

export interface StartRequest {
  readonly runFile: string;
  readonly overrides: readonly string[];
  readonly runsDirectory?: string | undefined;
  readonly startNow: boolean;
  readonly settings: NonNullable<StartMessage['rewardHosts']>;
}

const asker = 'the editor';

export class LiveRuns {
  readonly #options: LiveRunsOptions;
  /** By process; the folder is known once the trainer has opened it. */
  readonly #trainers = new Map<TrainerProcess, string | undefined>();
  readonly #queue: RunQueue;
  /** queueId of the waiting run whose trainer is on its way. */
  #starting: string | undefined;
  #stopping = false;

  constructor(options: LiveRunsOptions) {
    this.#options = options;
    this.#queue = options.queue;
  }

  /** Whether the server has to stay for a run, live or waiting. */
  get isBusy(): boolean {
    return this.#trainers.size > 0 || this.#queue.runs.some(({ failure }) => failure === undefined);
  }

  /** @throws SuperRlError for every mistake of the run file, with its place, and whatever preparing the run gives. */
  async start(
    { runFile, overrides, runsDirectory, startNow, settings }: StartRequest,
    signal: AbortSignal,
  ): Promise<{ run?: string; queued: boolean; queueId?: string; warnings: string[] }> {
    const { name, method } = readRunSettings(runFile, overrides).config; // every mistake, before a process is started
    const start: StartMessage = {
      kind: 'start',
      runFile: resolve(runFile),
      overrides: [...overrides],
      rewardHosts: settings,
      ...(runsDirectory === undefined ? {} : { runsDirectory: resolve(runsDirectory) }),
    };
    const live = this.#trainers.size;
    if (live > 0 && !startNow) {
      const queueId = `queued-${randomUUID()}`;
      await this.#queue.add({ queueId, start, name, method, since: Date.now() });
      this.#options.onChange();
      return { queued: true, queueId, warnings: [] };
    }
    const run = await this.#launch(start, signal);
    const others = live === 1 ? 'another run is' : `${live} other runs are`;
    const warnings = live > 0 ? [`${others} live on this machine: each will be slower, and memory may run out.`] : [];
    return { run, queued: false, warnings };
  }

  /** Goes on with a run from its newest checkpoint. */
  async resume(run: string, settings: StartRequest['settings'], signal: AbortSignal): Promise<string> {
    const { runFile } = readRunRecord(run);
    return this.#launch({ kind: 'start', runFile, overrides: [], resume: resolve(run), rewardHosts: settings }, signal);
  }

  /** By the channel to our own trainer, by a file to one that was started in a terminal. */
  async control(run: string, action: ControlAction): Promise<void> {
    const folder = resolve(run);
    const { state } = runLockState(folder);
    if (state === 'free' || state === 'dead') {
      throw new SuperRlError('run', `${basename(folder)} is not in progress. Resume it first.`);
    }
    const own = [...this.#trainers].find(([, opened]) => opened === folder)?.[0];
    if (own) own.request(action, asker);
    else await requestControl(folder, action, asker);
  }

  async cancelQueued(queueId: string): Promise<void> {
    if (queueId === this.#starting || !this.#queue.runs.some((queued) => queued.queueId === queueId)) {
      throw new SuperRlError('run', 'This run is no longer in the queue: it has started or was taken out.');
    }
    await this.#queue.remove(queueId);
    this.#options.onChange();
  }

  /** Lets every trainer finish its step and save. Resolves when all have ended; waiting runs wait for the next server. */
  async stopAll(): Promise<void> {
    this.#stopping = true;
    const trainers = [...this.#trainers.keys()];
    for (const trainer of trainers) trainer.request('stop', 'the end of the server');
    await Promise.all(trainers.map(({ ended }) => ended));
  }

  /** Waiting runs as they are listed, first in turn first. */
  queued(): RunSummary[] {
    return this.#queue.runs.map(({ queueId, name, method, since, failure }) => ({
      run: queueId,
      name,
      method,
      state: failure === undefined ? 'queued' : 'failed',
      reason: failure ?? this.#waitsFor(),
      live: false,
      resumable: false,
      engine: '',
      step: 0,
      progress: 0,
      checkpoints: [],
      alarms: 0,
      queueId,
      startedAt: since,
      changedAt: since,
    }));
  }

  #waitsFor(): string {
    const [folder] = [...this.#trainers.values()].filter((opened) => opened !== undefined);
    return folder === undefined ? 'Waits for the run that is starting.' : `Waits for ${basename(folder)} to end.`;
  }

  /** Resolves with the run's folder when its log is open. */
  async #launch(start: StartMessage, signal: AbortSignal): Promise<string> {
    const { trainerEntry, log, onChange } = this.#options;
    const trainer = startTrainer(start, { entry: trainerEntry, onOutput: (text) => log(text.trimEnd()) });
    this.#trainers.set(trainer, undefined);
    void trainer.ended.then(({ state, error }) => {
      log(`Trainer ${trainer.pid ?? ''} ended: ${state}${error ? `, ${error.message}` : ''}`);
      this.#trainers.delete(trainer);
      onChange();
      this.startNext();
    });
    // Only a person's cancel ends it: a window that is reloaded meanwhile finds its run started.
    const cancel = (): void => {
      if (signal.reason === cancelled) trainer.kill();
    };
    signal.addEventListener('abort', cancel);
    try {
      const folder = await trainer.opened;
      this.#trainers.set(trainer, folder);
      log(`Trainer ${trainer.pid ?? ''} trains ${folder}`);
      onChange();
      return folder;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** Starts the first waiting run unless one is live: when a run has ended, and when a server begins. */
  startNext(): void {
    if (this.#stopping || this.#trainers.size > 0 || this.#starting !== undefined) return;
    const next = this.#queue.runs.find(({ failure }) => failure === undefined);
    if (!next) return;
    this.#starting = next.queueId;
    void this.#startQueued(next);
  }

  async #startQueued({ queueId, start }: QueuedRun): Promise<void> {
    const { log, onChange } = this.#options;
    try {
      await this.#launch(start, new AbortController().signal).then(
        () => this.#queue.remove(queueId),
        // Ended with the server: the next one starts it.
        (error: unknown) => (this.#stopping ? undefined : this.#queue.fail(queueId, errorText(error))),
      );
    } catch (error) {
      log(`The queue of runs can't be kept: ${errorText(error)}`);
    }
    this.#starting = undefined;
    onChange();
    this.startNext();
  }
}
