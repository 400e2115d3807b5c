// The log-sigma mix (SuperRL v1's ablation, after uncertainty weighting, arXiv 1705.07115):
// e^(−2 s_pg) L_PG + e^(−2 s_sft) L_SFT + s_pg + s_sft, with s learned by an Adam of its own. Ill posed where
// L_PG ≤ 0, as in every on-policy grpo step: s_pg falls to the floor whatever happens. The floor is kept.

/** The two scalars with their Adam moments, as a checkpoint stores them. */
export interface LogSigmaState {
  readonly pg: number;
  readonly sft: number;
  readonly firstPg: number;
  readonly firstSft: number;
  readonly secondPg: number;
  readonly secondSft: number;
  readonly updates: number;
}

export interface LogSigmaSettings {
  readonly sigmaLearningRate: number;
  readonly sigmaFloor: number;
}

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** The learning rate falls by this factor a step. */
const DECAY = 0.99;

/** s_pg = 0, s_sft = 1: supervision starts at e^(−2) of its loss. */
export const initialLogSigma: LogSigmaState = {
  pg: 0,
  sft: 1,
  firstPg: 0,
  firstSft: 0,
  secondPg: 0,
  secondSft: 0,
  updates: 0,
};

/** e^(−2s) of both: the weights of L_PG and L_SFT. */
export function logSigmaWeights(state: Pick<LogSigmaState, 'pg' | 'sft'>): { pg: number; sft: number } {
  return { pg: Math.exp(-2 * state.pg), sft: Math.exp(-2 * state.sft) };
}

/** s_pg + s_sft, which the loss of a step holds once. */
export function logSigmaPenalty(state: Pick<LogSigmaState, 'pg' | 'sft'>): number {
  return state.pg + state.sft;
}

/** One Adam step on both scalars from the unweighted losses of the step: dL/ds = 1 − 2 e^(−2s) L. */
export function updateLogSigma(
  state: LogSigmaState,
  losses: { readonly pg: number; readonly sft: number },
  settings: LogSigmaSettings,
): LogSigmaState {
  const weights = logSigmaWeights(state);
  const updates = state.updates + 1;
  const learningRate = settings.sigmaLearningRate * DECAY ** state.updates;
  const step = (value: number, first: number, second: number, gradient: number) => {
    const m = BETA1 * first + (1 - BETA1) * gradient;
    const v = BETA2 * second + (1 - BETA2) * gradient ** 2;
    const direction = m / (1 - BETA1 ** updates) / (Math.sqrt(v / (1 - BETA2 ** updates)) + EPSILON);
    return { value: Math.max(settings.sigmaFloor, value - learningRate * direction), m, v };
  };
  const pg = step(state.pg, state.firstPg, state.secondPg, 1 - 2 * weights.pg * losses.pg);
  const sft = step(state.sft, state.firstSft, state.secondSft, 1 - 2 * weights.sft * losses.sft);
  return {
    pg: pg.value,
    sft: sft.value,
    firstPg: pg.m,
    firstSft: sft.m,
    secondPg: pg.v,
    secondSft: sft.v,
    updates,
  };
}
