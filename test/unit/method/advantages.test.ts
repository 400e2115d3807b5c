import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdvantageScaling, sampleStd, stepAdvantages } from '../../../backend/method/advantages';

const scalings: AdvantageScaling[] = ['group', 'none', 'batch'];

function one(rewards: (number | null)[], scaling: AdvantageScaling) {
  return stepAdvantages([rewards], scaling)[0];
}

describe('stepAdvantages', () => {
  it('group: (R − mean) / (sample std + 1e-4), as TRL', () => {
    const std = Math.sqrt(1 / 3);
    expect(one([0, 1, 0, 1], 'group')).toEqual([-0.5, 0.5, -0.5, 0.5].map((centred) => centred / (std + 1e-4)));
  });

  it('none: R − mean', () => {
    expect(one([0, 1, 2], 'none')).toEqual([-1, 0, 1]);
  });

  it('batch: by the std of all valid completions of the step', () => {
    const std = sampleStd([0, 1, 2, 5]);
    expect(
      stepAdvantages(
        [
          [0, 1, null],
          [2, 5],
        ],
        'batch',
      ),
    ).toEqual([
      [-0.5 / (std + 1e-4), 0.5 / (std + 1e-4), null],
      [-1.5 / (std + 1e-4), 1.5 / (std + 1e-4)],
    ]);
  });

  it.each(scalings)('%s: seven rewards of 0.7 give exactly zero, although their float64 mean is not 0.7', (scaling) => {
    const rewards = Array(7).fill(0.7);
    expect(rewards.reduce((sum, value) => sum + value, 0) / 7).not.toBe(0.7);
    expect(one(rewards, scaling)).toEqual(Array(7).fill(0));
    expect(stepAdvantages([rewards, [0, 1]], scaling)[0]).toEqual(Array(7).fill(0));
  });

  it.each(scalings)('%s: one completion, one valid completion and none never give NaN', (scaling) => {
    expect(one([3], scaling)).toEqual([0]);
    expect(one([null, 3, null], scaling)).toEqual([null, 0, null]);
    expect(one([null], scaling)).toEqual([null]);
    expect(one([], scaling)).toEqual([]);
  });

  it.each(scalings)('%s: weighted sums that differ by rounding only are equal', (scaling) => {
    expect(one([0.1 + 0.2, 0.3], scaling)).toEqual([0, 0]);
  });

  it('invalid completions leave mean and std', () => {
    for (const scaling of scalings)
      expect(one([0, null, 1], scaling)?.filter((a) => a !== null)).toEqual(one([0, 1], scaling));
  });

  it('are finite and sum to zero in every group', () => {
    const groups = fc.array(fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(groups, fc.constantFrom(...scalings), (rewards, scaling) => {
        for (const advantages of stepAdvantages(rewards, scaling)) {
          const sum = advantages.reduce<number>((total, value) => total + (value ?? 0), 0);
          expect(Math.abs(sum)).toBeLessThan(1e-6);
        }
      }),
    );
  });
});
