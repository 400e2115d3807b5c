// Choosing tokens on a device against the plain float64 sampler, for one-level and two-level vocabularies.
import fc from 'fast-check';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { chooseTokens } from '../../../../backend/engine/eager/choose-tokens';
import { sampleToken } from '../../../../backend/engine/eager/sample-token';
import { tf } from '../../../../backend/engine/tensor/tfjs';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const modes = [
  { mode: 'greedy', topP: 1 },
  { mode: 'sample', topP: 1 },
  { mode: 'nucleus', topP: 0.6 },
] as const;

// 1031 is prime: its blocks are padded.
describe.each([5, 1031, 2048])('a vocabulary of %i', (vocabulary) => {
  it.each(modes)('$mode', ({ mode, topP }) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 4 }), (seed, rows) => {
        const logits = Float32Array.from(
          { length: rows * vocabulary },
          (_, index) => 4 * Math.sin(seed + index * (1.3 + (seed % 7))),
        );
        const uniform = Float32Array.from({ length: rows }, (_, row) => (seed * 0.618 + row * 0.377) % 1);
        const chosen = tf.tidy(() =>
          chooseTokens(tf.tensor(logits, [rows, vocabulary]), { mode, topP, uniform }).dataSync(),
        );
        for (let row = 0; row < rows; row++) {
          const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
          const settings = { greedy: mode === 'greedy', topP, temperature: 1 };
          // A border between two tokens may lie within rounding of the number: then either is right.
          const wanted = [-2e-6, 0, 2e-6].map((shift) => sampleToken(own, settings, uniform[row]! + shift));
          const match = wanted.find(({ tokenId }) => tokenId === chosen[3 * row]);
          expect(match, `token ${chosen[3 * row]}, wanted ${wanted[1]!.tokenId}`).toBeDefined();
          expect(chosen[3 * row + 1]).toBeCloseTo(match!.logProb, 4);
          expect(chosen[3 * row + 2]).toBeCloseTo(match!.entropy, 3);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('a number just below 1 chooses a token that exists', () => {
    const logits = tf.zeros([1, vocabulary]);
    const chosen = chooseTokens(logits, { mode: 'sample', topP: 1, uniform: Float32Array.of(1 - 2 ** -24) }).dataSync();
    expect(chosen[0]).toBe(vocabulary - 1);
  });
});
