// A held-out evaluation outside of training: the same prompts, random numbers and rewards as in the run.

import { type Evaluation, evaluate } from '../trainer/evaluation';
import { prepareRun, type StoredChoices } from '../trainer/prepare-run';
import { RunControl } from '../trainer/run-control';
import type { RunLedger } from '../trainer/run-ledger';
import { initialTrainerState } from '../trainer/trainer-state';

export interface EvaluationRequest {
  /** Absolute. */
  readonly runFile: string;
  readonly overrides: readonly string[];
  readonly stored?: StoredChoices;
  /** Step that the model is of, for the report. */
  readonly step: number;
}

/** @throws SuperRlError of any kind that preparing a run can give. */
export async function evaluateModel({ step, ...request }: EvaluationRequest): Promise<Evaluation> {
  const prepared = await prepareRun(request);
  try {
    const state = initialTrainerState();
    const now = () => performance.now();
    return await evaluate({ ...prepared, ledger: noLedger, control: new RunControl(), state, now, pausedMs: 0 }, step);
  } finally {
    await prepared.scorer.close();
    await prepared.close();
  }
}

/** An evaluation writes nothing. */
const noLedger: RunLedger = {
  folder: '',
  append: refuse,
  writeSamples: refuse,
  readSamples: refuse,
  saveCheckpoint: refuse,
  newestCheckpoint: refuse,
  writeSummary: refuse,
};

function refuse(): never {
  throw new Error('An evaluation must not write to a run.');
}
