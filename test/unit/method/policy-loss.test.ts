// Token losses, KL and clip shares at points that can be worked out by hand.
import { describe, expect, it } from 'vitest';
import { lossForm } from '../../../backend/method/loss-form';
import { policyMetrics, type SeenRow, stepLoss, tokenLosses, tokenMean } from '../../../backend/method/policy-loss';
import { fullConfig } from './full-config';

const form = (...overrides: string[]) => lossForm(fullConfig(...overrides));

/** A row whose tokens have the ratios ρ given. */
function rowWith(ratios: number[], advantage: number, more: Partial<SeenRow> = {}): SeenRow {
  const logProbs = ratios.map(() => -1);
  return {
    ...{ pgWeight: 1, sftWeight: 0, entropyWeight: 0, advantage, logProbs, entropies: ratios.map(() => 2) },
    oldLogProbs: ratios.map((ratio) => -1 - Math.log(ratio)),
    ...more,
  };
}

function losses(ratios: number[], advantage: number, ...overrides: string[]): number[] {
  return Array.from(tokenLosses(form(...overrides), rowWith(ratios, advantage)).losses, (loss) =>
    Number(loss.toFixed(9)),
  );
}

describe('tokenLosses', () => {
  it('clips low for negative and high for positive advantages only', () => {
    expect(losses([0.5, 1, 1.5], 1)).toEqual([-0.5, -1, -1.2]);
    expect(losses([0.5, 1, 1.5], -1)).toEqual([0.8, 1, 1.5]);
    expect(losses([1.25, 1.5], 1, 'loss.type=dapo')).toEqual([-1.25, -1.28]);
  });

  it('gspo has one ratio a sequence: the geometric mean', () => {
    const { ratios } = tokenLosses(form('loss.type=gspo'), rowWith([4, 1], 1));
    expect(Array.from(ratios, (ratio) => Number(ratio.toFixed(9)))).toEqual([2, 2]);
    expect(losses([4, 1], 1, 'loss.type=gspo')).toEqual([-1.0004, -1.0004]);
  });

  it('cispo caps the ratio itself and keeps −A·log π; reinforce has no ratio', () => {
    expect(losses([0.5, 9], 2, 'loss.type=cispo')).toEqual([1, 10]);
    expect(losses([0.5, 9], 2, 'loss.type=reinforce')).toEqual([2, 2]);
  });

  it('is on-policy without old log-probabilities', () => {
    expect(Array.from(tokenLosses(form(), rowWith([1.5], 1, { oldLogProbs: undefined })).losses)).toEqual([-1]);
  });

  it('adds β · ρ · (r − log r − 1), or plain k3', () => {
    const row = rowWith([1.5], 0, { refLogProbs: [-1 + Math.log(2)] });
    const k3 = 2 - Math.log(2) - 1;
    expect(tokenLosses(form('loss.kl.coefficient=0.5'), row).losses[0]).toBeCloseTo(0.5 * 1.5 * k3, 12);
    expect(tokenLosses(form('loss.kl.coefficient=0.5', 'loss.kl.biasCorrection=false'), row).losses[0]).toBeCloseTo(
      0.5 * k3,
      12,
    );
  });

  it('refuses a KL coefficient without a reference', () => {
    expect(() => tokenLosses(form('loss.kl.coefficient=0.5'), rowWith([1], 1))).toThrow('reference log-probabilities');
  });
});

describe('stepLoss', () => {
  it('is pg + sft − entropy bonus', () => {
    const rows = [
      rowWith([1], 3, { pgWeight: 0.5, entropyWeight: 0.1 }),
      rowWith([1, 1], 0, { pgWeight: 0, sftWeight: 0.25 }),
    ];
    expect(stepLoss(form(), rows)).toEqual({ total: -1.5 + 0.5 - 0.2, pg: -1.5, sft: 0.5, entropyBonus: 0.2 });
  });
});

describe('policyMetrics', () => {
  it('counts clipped tokens on the side that clips', () => {
    const metrics = policyMetrics(form(), [rowWith([0.5, 1, 1.5, 1], -1), rowWith([0.5, 1.5, 1.1, 1.3], 1)]);
    expect(metrics).toEqual({
      kl: Number.NaN,
      'clip_ratio/low_mean': 1 / 8,
      'clip_ratio/high_mean': 2 / 8,
      'clip_ratio/region_mean': 3 / 8,
    });
  });

  it('counts dropped rows in the denominators and demonstrations nowhere', () => {
    const metrics = policyMetrics(form(), [rowWith([1.5], 1), rowWith([1], 0, { pgWeight: 0, sftWeight: 1 })], [3, 4]);
    expect(metrics['clip_ratio/high_mean']).toBe(1 / 8);
  });

  it('counts sequences for gspo, the cap for cispo, nothing for reinforce', () => {
    const rows = [rowWith([1.5, 1.5, 1.5], 1), rowWith([1], 1)];
    expect(policyMetrics(form('loss.type=gspo'), rows, [5])['clip_ratio/high_mean']).toBe(1 / 3);
    expect(policyMetrics(form('loss.type=cispo'), [rowWith([6, 4, 0.1], 1)])['clip_ratio/region_mean']).toBe(1 / 3);
    expect(policyMetrics(form('loss.type=reinforce'), rows)['clip_ratio/region_mean']).toBe(0);
  });

  it('kl is the token mean', () => {
    const rows = [rowWith([1], 0, { refLogProbs: [-1 + Math.log(2)] }), rowWith([1, 1], 0, { refLogProbs: [-1, -1] })];
    expect(policyMetrics(form('loss.kl.coefficient=0.1'), rows).kl).toBeCloseTo((1 - Math.log(2)) / 3, 12);
  });

  it('tokenMean is over all tokens', () => {
    expect(tokenMean([[1], [2, 3, 6]])).toBe(3);
    expect(tokenMean([])).toBeNaN();
  });
});
