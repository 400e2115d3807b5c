import { describe, expect, it } from 'vitest';
import {
  initialLogSigma,
  type LogSigmaState,
  logSigmaPenalty,
  logSigmaWeights,
  updateLogSigma,
} from '../../../backend/method/log-sigma';

const settings = { sigmaLearningRate: 1e-3, sigmaFloor: -2 };

function trained(
  steps: number,
  losses: { pg: number; sft: number },
  from: LogSigmaState = initialLogSigma,
  rate = 1e-3,
) {
  let state = from;
  for (let step = 0; step < steps; step++)
    state = updateLogSigma(state, losses, { ...settings, sigmaLearningRate: rate });
  return state;
}

describe('updateLogSigma', () => {
  it('starts at s_pg 0 and s_sft 1', () => {
    expect(logSigmaWeights(initialLogSigma)).toEqual({ pg: 1, sft: Math.exp(-2) });
    expect(logSigmaPenalty(initialLogSigma)).toBe(1);
  });

  it('moves by the learning rate in its first Adam step, which decays by 0.99 a step', () => {
    const first = trained(1, { pg: 0, sft: 0 });
    expect(first.pg).toBeCloseTo(-1e-3, 9);
    expect(first.sft).toBeCloseTo(1 - 1e-3, 9);
    expect(trained(2, { pg: 0, sft: 0 }).pg - first.pg).toBeCloseTo(-0.99e-3, 9);
  });

  it('settles where e^(−2s) L = 1/2 for a positive loss', () => {
    const state = { ...initialLogSigma, pg: 0.5 * Math.log(2 * 3), sft: 0.5 * Math.log(2 * 5) };
    const next = trained(1, { pg: 3, sft: 5 }, state);
    expect(next.pg).toBeCloseTo(state.pg, 6);
    expect(next.sft).toBeCloseTo(state.sft, 6);
  });

  it('falls to the floor and stays there when L_PG ≤ 0, as in every on-policy grpo step', () => {
    expect(trained(300, { pg: 0, sft: 2 }, initialLogSigma, 0.1).pg).toBe(-2);
    expect(trained(300, { pg: -0.3, sft: 2 }, initialLogSigma, 0.1).pg).toBe(-2);
  });
});
