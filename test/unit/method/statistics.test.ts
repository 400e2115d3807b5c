// pass@k, bootstrap, Beta and binomial bounds, the probe, schedules and the budget.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval } from '../../../backend/method/bootstrap';
import { budgetProgress, budgetTokens } from '../../../backend/method/budget';
import { clopperPearsonUpper } from '../../../backend/method/clopper-pearson';
import { incompleteBeta, inverseIncompleteBeta, logGamma } from '../../../backend/method/incomplete-beta';
import { passAtK } from '../../../backend/method/pass-at-k';
import { probabilityBelow, updatePosterior } from '../../../backend/method/posterior';
import { decideProbe, fewestProbePrompts, probeCanFire } from '../../../backend/method/run-probe';
import { decayFactor, learningRateAt } from '../../../backend/method/schedule';

const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
const binomial = (n: number, c: number, p: number) => choose(n, c) * p ** c * (1 - p) ** (n - c);

describe('passAtK', () => {
  it('is 1 − C(n−c,k)/C(n,k)', () => {
    for (let n = 1; n <= 12; n++)
      for (let c = 0; c <= n; c++)
        for (let k = 1; k <= n; k++) expect(passAtK(n, c, k)).toBeCloseTo(1 - choose(n - c, k) / choose(n, k), 12);
  });

  it('is unbiased: its mean over binomial c is 1 − (1−p)^k', () => {
    for (const p of [0.05, 0.3, 0.9])
      for (const k of [1, 4, 8]) {
        let mean = 0;
        for (let c = 0; c <= 8; c++) mean += binomial(8, c, p) * passAtK(8, c, k);
        expect(mean).toBeCloseTo(1 - (1 - p) ** k, 12);
      }
  });

  it('refuses what has no meaning', () => {
    for (const [n, c, k] of [
      [4, 0, 5],
      [4, 5, 1],
      [4, -1, 1],
      [4, 0, 0],
    ] as const)
      expect(() => passAtK(n, c, k)).toThrow(RangeError);
  });
});

describe('bootstrapInterval', () => {
  const values = Array.from({ length: 100 }, (_, index) => (index < 30 ? 1 : 0));

  it('is seeded and close to the normal interval', () => {
    const [low, high] = bootstrapInterval(values, 1);
    expect(bootstrapInterval(values, 1)).toEqual([low, high]);
    expect(bootstrapInterval(values, 2)).not.toEqual([low, high]);
    const half = 1.96 * Math.sqrt((0.3 * 0.7) / 100);
    expect(Math.abs(low - (0.3 - half))).toBeLessThan(0.02);
    expect(Math.abs(high - (0.3 + half))).toBeLessThan(0.02);
  });

  it('is a point for equal values and refuses none', () => {
    expect(bootstrapInterval([0.5, 0.5], 1)).toEqual([0.5, 0.5]);
    expect(() => bootstrapInterval([], 1)).toThrow('An interval needs at least one value.');
  });
});

describe('incompleteBeta', () => {
  it('is the binomial tail for whole a and b', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b, x) => {
          let tail = 0;
          for (let c = a; c <= a + b - 1; c++) tail += binomial(a + b - 1, c, x);
          expect(Math.abs(incompleteBeta(x, a, b) - tail)).toBeLessThan(1e-11);
        },
      ),
    );
  });

  it('has the closed forms of real a and b, its symmetry and its ends', () => {
    for (const x of [0.01, 0.3, 0.77]) {
      expect(incompleteBeta(x, 0.5, 0.5)).toBeCloseTo((2 / Math.PI) * Math.asin(Math.sqrt(x)), 12);
      expect(incompleteBeta(x, 2.5, 1)).toBeCloseTo(x ** 2.5, 12);
      expect(incompleteBeta(x, 1.5, 4.25)).toBeCloseTo(1 - incompleteBeta(1 - x, 4.25, 1.5), 12);
    }
    expect([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)]).toEqual([0, 1]);
  });

  it('inverts', () => {
    for (const p of [0.05, 0.5, 0.95])
      expect(incompleteBeta(inverseIncompleteBeta(p, 3.5, 60), 3.5, 60)).toBeCloseTo(p, 12);
  });

  it('logGamma is the log factorial', () => {
    expect(logGamma(1)).toBeCloseTo(0, 13);
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 11);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(0.25)).toBeCloseTo(Math.log(3.625609908221908), 11);
  });
});

describe('posterior', () => {
  it('discounts towards the prior', () => {
    expect(updatePosterior({ alpha: 5, beta: 9 }, 2, 6, 0.5)).toEqual({
      alpha: 0.5 * 5 + 0.5 + 2,
      beta: 0.5 * 9 + 0.5 + 6,
    });
    expect(updatePosterior({ alpha: 5, beta: 9 }, 0, 8, 0)).toEqual({ alpha: 1, beta: 9 });
    expect(probabilityBelow({ alpha: 1, beta: 1 }, 0.125)).toBeCloseTo(0.125, 12);
  });
});

describe('the rollout probe', () => {
  it('takes the exact one-sided bound', () => {
    expect(clopperPearsonUpper(0, 64, 0.95)).toBeCloseTo(1 - 0.05 ** (1 / 64), 12);
    expect(clopperPearsonUpper(64, 64, 0.95)).toBe(1);
    // By definition: at the bound, seeing this few successes has probability 5 %.
    for (const successes of [0, 1, 2, 7]) {
      const bound = clopperPearsonUpper(successes, 64, 0.95);
      let probability = 0;
      for (let c = 0; c <= successes; c++) probability += binomial(64, c, bound);
      expect(probability).toBeCloseTo(0.05, 10);
    }
  });

  it('calls a run sparse up to 2 solved prompts of 64', () => {
    expect([0, 1, 2, 3].map((solved) => decideProbe(64, solved, 0.1).sparse)).toEqual([true, true, true, false]);
    expect(decideProbe(64, 1, 0.1).reason).toBe(
      '1 of 64 probed prompts were solved at least once, so at most 7.2 % are solvable (95 % bound), which is below 10.0 %: reward is sparse, the Hybrid Actor trains.',
    );
    expect(decideProbe(64, 9, 0.1).reason).toContain('which is not below 10.0 %: reward is dense, plain RL trains.');
  });

  it('knows how many prompts it needs to fire', () => {
    for (const below of [0.01, 0.1, 0.5, 0.99]) {
      const fewest = fewestProbePrompts(below);
      expect(probeCanFire(fewest, below)).toBe(true);
      if (fewest > 1) expect(probeCanFire(fewest - 1, below)).toBe(false);
    }
    expect(fewestProbePrompts(0)).toBe(Number.POSITIVE_INFINITY);
    expect(fewestProbePrompts(1)).toBe(1);
  });
});

describe('schedule', () => {
  it('decays over progress, clamped to [0, 1]', () => {
    expect([-1, 0, 0.25, 1, 2].map((progress) => decayFactor('linear', progress))).toEqual([1, 1, 0.75, 0, 0]);
    expect([0, 0.5, 1].map((progress) => decayFactor('constant', progress))).toEqual([1, 1, 1]);
    expect(decayFactor('cosine', 1 / 3)).toBeCloseTo(0.75, 12);
  });

  it('warms up over steps that count from 1', () => {
    const settings = { learningRate: 0.8, schedule: 'linear', warmupSteps: 4 } as const;
    expect([1, 4, 9].map((step) => learningRateAt(settings, step, 0.5))).toEqual([0.1, 0.4, 0.4]);
    expect(learningRateAt({ ...settings, warmupSteps: 0 }, 1, 0)).toBe(0.8);
  });
});

describe('budget', () => {
  it('counts prefilled + generated + 3 × trained', () => {
    expect(budgetTokens({ prefilled: 10, generated: 20, trained: 5 })).toBe(45);
  });

  it('ends at the first limit reached', () => {
    const used = { steps: 5, elapsedMs: 120_000, tokens: 900 };
    expect(budgetProgress({ steps: 10, minutes: 8, tokens: 1000 }, used)).toBe(0.9);
    expect(budgetProgress({ minutes: 2 }, used)).toBe(1);
    expect(budgetProgress({ steps: 4 }, used)).toBe(1);
  });
});
