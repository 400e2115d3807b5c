import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleToken } from '../../../../backend/engine/eager/sample-token';

const logits = Float32Array.from([0.5, 0.3, 0.2], Math.log);
const sampling = { temperature: 1, topP: 1, greedy: false };

describe('sampleToken', () => {
  it('inverts the cumulative distribution', () => {
    const tokens = [0, 0.499, 0.501, 0.799, 0.801, 0.9999].map((u) => sampleToken(logits, sampling, u).tokenId);
    expect(tokens).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('restricts sampling to the nucleus but not the log-probability', () => {
    const { tokenId, logProb } = sampleToken(logits, { ...sampling, topP: 0.6 }, 0.9999);
    expect(tokenId).toBe(1);
    expect(logProb).toBeCloseTo(Math.log(0.3), 6);
  });

  it('is greedy when told, at any temperature', () => {
    expect(sampleToken(logits, { temperature: 9, topP: 0.1, greedy: true }, 0.9).tokenId).toBe(0);
  });

  it('reports log-probability and entropy at the temperature', () => {
    const { entropy } = sampleToken(logits, { ...sampling, temperature: 1e6 }, 0);
    expect(entropy).toBeCloseTo(Math.log(3), 6);
  });

  it('never chooses a token of probability 0', () => {
    const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.constantFrom(-1e4, 0, 1), { minLength: 1, maxLength: 6 }), uniform, (values, u) => {
        const { logProb } = sampleToken(Float32Array.from(values), sampling, u);
        expect(Math.exp(logProb)).toBeGreaterThan(0);
      }),
    );
  });
});
