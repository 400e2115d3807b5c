// The constants of the token loss from the configuration, as an engine takes them.
import type { LossType, RunConfig } from '../protocol/run-config';

/** Constants of the token loss ℓ for one optimiser step (METHOD.md, "Losses"). */
export interface LossForm {
  readonly type: LossType;
  /** token: one ratio a token; sequence: one a sequence (gspo). */
  readonly ratio: 'token' | 'sequence';
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly ratioMax: number;
  readonly klCoefficient: number;
  readonly klBiasCorrection: boolean;
}

/** What of the configuration decides the formula of the policy loss. */
export function lossForm({ loss }: Pick<RunConfig, 'loss'>): LossForm {
  return {
    type: loss.type,
    ratio: loss.type === 'gspo' ? 'sequence' : 'token',
    clipLow: loss.clipLow,
    clipHigh: loss.clipHigh,
    ratioMax: loss.ratioMax,
    klCoefficient: loss.kl.coefficient,
    klBiasCorrection: loss.kl.biasCorrection,
  };
}
