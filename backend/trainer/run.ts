// What a step works on: the run's configuration, its data, model and rewards, and the state it carries on.
import type { Dataset } from '../data/row';
import type { Engine } from '../engine/engine';
import type { Tokenizer } from '../model/tokenizer';
import type { RunConfig } from '../protocol/run-config';
import type { Scorer } from '../rewards/scorer';
import type { RunControl } from './run-control';
import type { RunLedger } from './run-ledger';
import type { TrainerState } from './trainer-state';

/** What prepare-run.ts opens: everything of a run that does not change while it trains. */
export interface RunParts {
  readonly config: RunConfig;
  readonly engine: Engine;
  readonly tokenizer: Tokenizer;
  readonly train: Dataset;
  /** Held-out prompts; undefined when eval.every is 0. */
  readonly heldOut: Dataset | undefined;
  /** Opens the rewards anew, so that a reward file mended during a pause is read again. */
  readonly openScorer: () => Promise<Scorer>;
}

export interface Run extends RunParts {
  readonly ledger: RunLedger;
  readonly control: RunControl;
  readonly state: TrainerState;
  /** Replaced when rewards are opened anew. */
  scorer: Scorer;
  /** Milliseconds of a steady clock; injected so that tests own the time. */
  readonly now: () => number;
  /** Milliseconds spent held by a pause, which no time of a step includes. */
  pausedMs: number;
  /** How long the last step took; undefined before the first. Slow steps tell their phases. */
  lastStepMs?: number;
}

/** Milliseconds of the run's clock without pauses. */
export function workingTime({ now, pausedMs }: Pick<Run, 'now' | 'pausedMs'>): number {
  return now() - pausedMs;
}

/** Thrown to leave work that has changed no weight yet, when the run is to stop. */
export class WorkAbandoned extends Error {}

/** Holds here while the run is paused; lets waiting messages in. */
export async function pausePoint(run: Run, step: number): Promise<void> {
  await run.control.poll();
  const reason = run.control.pauseReason;
  if (reason === undefined) return;
  const started = run.now();
  await run.ledger.append('state', { state: 'paused', step, reason });
  await run.control.untilResumed();
  await run.ledger.append('state', { state: 'running', step });
  run.pausedMs += run.now() - started;
}
