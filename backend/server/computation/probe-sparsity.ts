// Is reward too sparse for plain RL here? Rollouts on some prompts as a run would make them, and no training.
import { outsideRun } from '../../trainer/outside-run';
import { prepareRun } from '../../trainer/prepare-run';
import { probeRewardDensity } from '../../trainer/probe';
import type { Computation } from './computation';

export const probeSparsity: Computation<'probeSparsity'> = async ({ runFile, settings }, report) => {
  const onStage = (message: string): void => report.progress(0, undefined, message);
  const prepared = await prepareRun({ runFile, overrides: [], rewardHosts: settings, onStage });
  try {
    const { prompts } = prepared.config.switch.probe;
    onStage(`Sampling completions of ${prompts} prompts`);
    return await probeRewardDensity(outsideRun(prepared), 0);
  } finally {
    await prepared.scorer.close();
    await prepared.close();
  }
};
