// Choosing tokens in a TensorFlow graph against the plain float64 sampler, for one-level and two-level vocabularies.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SamplingMode } from '../../../../backend/engine/decoding/sampling';
import { sampleToken } from '../../../../backend/engine/eager/sample-token';
import { tf } from '../../../../backend/engine/tensor/tfjs';
import { chooseToken } from '../../../../backend/engine/tensorflow/decode/choose-token';
import { TensorflowGraph } from '../../../../backend/engine/tensorflow/graph';
import { GraphSession } from '../../../../backend/engine/tensorflow/graph-session';
import { loadTensorflow } from '../../../../backend/engine/tensorflow/load-tensorflow';
import { testedEngines } from '../../../setup/tested-engines';

const modes = [
  { mode: 'greedy', topP: 1 },
  { mode: 'sample', topP: 1 },
  { mode: 'nucleus', topP: 0.6 },
] as const;

function sessionOf(vocabulary: number): GraphSession {
  const graph = new TensorflowGraph();
  const logits = graph.input('logits', 'float32');
  const inputs = { uniform: graph.input('uniform', 'float32'), topP: graph.input('topP', 'float32') };
  for (const { mode } of modes) graph.output(mode, chooseToken(graph, mode, logits, vocabulary, inputs));
  return new GraphSession(graph);
}

describe.runIf(testedEngines.some((engine) => engine === 'tensorflow'))('choosing tokens on TensorFlow', () => {
  beforeAll(() => {
    loadTensorflow(2);
  });

  // 1031 is prime: its blocks are padded.
  describe.each([5, 1031, 2048])('from a vocabulary of %i', (vocabulary) => {
    let session: GraphSession;
    beforeAll(() => {
      session = sessionOf(vocabulary);
    });
    afterAll(() => session.dispose());

    /** [rows · 3] */
    const choose = (mode: SamplingMode, topP: number, logits: Float32Array, uniform: Float32Array) =>
      tf.tidy(() => {
        const feeds = {
          logits: tf.tensor(logits, [uniform.length, vocabulary]),
          ...(mode === 'greedy' ? {} : { uniform: tf.tensor(uniform, [uniform.length, 1]) }),
          ...(mode === 'nucleus' ? { topP: tf.scalar(topP) } : {}),
        };
        return session.run(feeds, [mode])[0]!.dataSync();
      });

    it.each(modes)('$mode', ({ mode, topP }) => {
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 4 }), (seed, rows) => {
          const logits = Float32Array.from(
            { length: rows * vocabulary },
            (_, index) => 4 * Math.sin(seed + index * (1.3 + (seed % 7))),
          );
          const uniform = Float32Array.from({ length: rows }, (_, row) => (seed * 0.618 + row * 0.377) % 1);
          const chosen = choose(mode, topP, logits, uniform);
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

    it('by a number just below 1: a token that exists', () => {
      const chosen = choose('sample', 1, new Float32Array(vocabulary), Float32Array.of(1 - 2 ** -24));
      expect(chosen[0]).toBe(vocabulary - 1);
    });
  });
});
