// What a step's parts work on where there is no run: an evaluation by the command line, a probe before training.
// Nothing is written; whatever a part logs is told by its result.
import { SuperRlError } from '../protocol/errors';
import type { PreparedRun } from './prepare-run';
import type { Run } from './run';
import { RunControl } from './run-control';
import type { RunLedger } from './run-ledger';
import { initialTrainerState } from './trainer-state';

/** A run before its first step, whose ledger keeps nothing. Scorer and parts are the caller's to close. */
export function outsideRun(prepared: PreparedRun): Run {
  return {
    ...prepared,
    ledger: noLedger,
    control: new RunControl(),
    state: initialTrainerState(),
    now: () => performance.now(),
    pausedMs: 0,
  };
}

const noLedger: RunLedger = {
  folder: '',
  append: async () => {},
  writeSamples: refuse,
  readSamples: refuse,
  saveCheckpoint: refuse,
  newestCheckpoint: refuse,
  writeSummary: refuse,
};

function refuse(): never {
  throw new SuperRlError('internal', 'Outside of a run there is no run folder to read or write.');
}
