// log-sigma: the two learned scalars take their own Adam step from the step's unweighted losses.
import type { HybridWeights } from '../method/hybrid-actor';
import { updateLogSigma } from '../method/log-sigma';
import type { Learned } from './learn';
import type { Run } from './run';

/** No step is taken for other mixes, and none where the update was empty or not finite. */
export function adaptLogSigma({ config, state }: Run, learned: Learned, weights: HybridWeights): void {
  if (state.phase !== 'hybrid' || config.hybrid.mix !== 'log-sigma' || !state.logSigma) return;
  if (!learned.updated || !learned.finite) return;
  const losses = { pg: learned.loss.pg / weights.pg, sft: learned.loss.sft / weights.mix };
  state.logSigma = updateLogSigma(state.logSigma, losses, config.hybrid);
}
