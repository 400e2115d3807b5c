// Is reward too sparse for plain RL here? Rollouts on some prompts as a run would make them, and no training.
import { SuperRlError } from '../../protocol/errors';
import { prepareRun } from '../../trainer/prepare-run';
import { probeRewardDensity } from '../../trainer/probe';
import { RunControl } from '../../trainer/run-control';
import type { RunLedger } from '../../trainer/run-ledger';
import { initialTrainerState } from '../../trainer/trainer-state';
import type { Computation } from './computation';

export const probeSparsity: Computation<'probeSparsity'> = async ({ runFile, settings }, report) => {
  const onStage = (message: string): void => report.progress(0, undefined, message);
  const prepared = await prepareRun({ runFile, overrides: [], rewardHosts: settings, onStage });
  try {
    const { prompts } = prepared.config.switch.probe;
    onStage(`Sampling completions of ${prompts} prompts`);
    const run = {
      ...prepared,
      ledger: noLedger,
      control: new RunControl(),
      state: initialTrainerState(),
      now: () => performance.now(),
      pausedMs: 0,
    };
    return await probeRewardDensity(run, 0);
  } finally {
    await prepared.scorer.close();
    await prepared.close();
  }
};

/** There is no run: what the probe would log is its result. */
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
  throw new SuperRlError('internal', 'A probe must not write to a run.');
}
