// A run that seems to be trained in a terminal: its lock is held, and events are appended at a steady rate, twelve a step.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { acquireRunLock, type RunLock } from '../../backend/trainer/run-folder/run-lock';
import { decision, groups, makeRunFolder, metrics } from './long-run';

/** The run's whole budget, far away. */
const steps = 100_000;
const intervalMs = 25;

export class LiveRun {
  #seq = 0;
  #step = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Events of the step under way that are still to come. */
  #coming: { type: string; data: object }[] = [];

  private constructor(
    private readonly log: number,
    private readonly lock: RunLock,
  ) {
    this.#write({ type: 'state', data: { state: 'running', step: 0 } });
  }

  static create(run: string): LiveRun {
    makeRunFolder(run, 'live');
    return new LiveRun(openSync(join(run, 'events.jsonl'), 'a'), acquireRunLock(run));
  }

  /** The last step whose metrics are written. */
  get step(): number {
    return this.#coming.length === 0 ? this.#step : this.#step - 1;
  }

  get events(): number {
    return this.#seq;
  }

  start(eventsPerSecond: number): void {
    const started = performance.now();
    const first = this.#seq;
    this.#timer = setInterval(() => {
      const due = first + ((performance.now() - started) / 1000) * eventsPerSecond;
      while (this.#seq < due) this.#writeNext();
    }, intervalMs);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    closeSync(this.log);
    this.lock.release();
  }

  #writeNext(): void {
    if (this.#coming.length === 0) this.#coming = eventsOfStep(++this.#step);
    const next = this.#coming.shift();
    if (next) this.#write(next);
  }

  #write({ type, data }: { type: string; data: object }): void {
    writeSync(this.log, `${JSON.stringify({ seq: ++this.#seq, ts: Date.now(), type, data })}\n`);
  }
}

function eventsOfStep(step: number): { type: string; data: object }[] {
  const phase = (name: string) => ({ type: 'phase', data: { step, phase: name, message: `Step ${step}: ${name}` } });
  const decisions = Array.from({ length: groups }, (_, group) => ({
    type: 'decision',
    data: { step, group, promptId: `p${step}-${group}`, attempt: 0, decision: decision(step, group) },
  }));
  return [
    phase('generate'),
    phase('reward'),
    ...decisions,
    phase('update'),
    { type: 'metrics', data: metrics(step, steps) },
  ];
}
