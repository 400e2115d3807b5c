// The bounded log-probability and entropy: against finite differences in float64, for any chunk size, and traced.
import { describe, expect, it } from 'vitest';
import { chunkTokensFor, logProbAndEntropy } from '../../../../backend/engine/tensor/log-prob';
import { type Tensor, tf } from '../../../../backend/engine/tensor/tfjs';
import { largestDifference, numbers, type ProgramInput, runEagerly, runTraced } from '../run-program';

const tokens = 7;
const size = 4;
const vocabulary = 9;
const targets = [3, 0, 8, 3, 5, 1, 3];
const temperatures = [1, 0.7, 1.5, 0.7, 1, 2, 0.5];
const logProbWeight = [0.5, -1, 0.3, 2, 0, 1, -0.4];
const entropyWeight = [0.2, 0.1, -0.3, 0, 0.7, 0.4, 0.1];

const hidden = numbers([tokens, size], 1, 2);
const head = numbers([vocabulary, size], 2, 2);
const inputs: Record<string, ProgramInput> = {
  hidden,
  head,
  targets: { shape: [tokens], data: Int32Array.from(targets) },
  inverseTemperature: { shape: [tokens, 1], data: Float32Array.from(temperatures, (t) => 1 / t) },
  upstream: {
    shape: [tokens, 2],
    data: Float32Array.from(targets.flatMap((_, i) => [logProbWeight[i]!, entropyWeight[i]!])),
  },
};

/** Scores, and gradients of hidden states, head and target rows under the upstream gradient. */
function program(chunkTokens: number, entropyGradient = true) {
  return (tensors: Record<string, Tensor>): Record<string, Tensor> => {
    const targetRows = tf.gather(tensors.head!, tensors.targets!);
    const scoring = {
      hidden: tensors.hidden!,
      head: tensors.head!,
      targetRows,
      inverseTemperature: tensors.inverseTemperature!,
      chunkTokens,
      entropyGradient,
      headGradient: true,
    };
    const { value, grads } = tf
      .engine()
      .gradients(() => logProbAndEntropy(scoring), [scoring.hidden, scoring.head, targetRows], tensors.upstream);
    return { scores: value, hidden: grads[0]!, head: grads[1]!, targetRows: grads[2]! };
  };
}

/** The weighted sum of log-probabilities and entropies by definition, in float64. */
function objective(h: number[], e: number[], entropyCoefficient = 1): number {
  let sum = 0;
  for (let token = 0; token < tokens; token++) {
    const logits = Array.from({ length: vocabulary }, (_, word) => {
      let dot = 0;
      for (let d = 0; d < size; d++) dot += h[token * size + d]! * e[word * size + d]!;
      return dot / temperatures[token]!;
    });
    const logSum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
    const logProbs = logits.map((logit) => logit - logSum);
    const entropy = -logProbs.reduce((total, logProb) => total + Math.exp(logProb) * logProb, 0);
    sum += logProbWeight[token]! * logProbs[targets[token]!]! + entropyCoefficient * entropyWeight[token]! * entropy;
  }
  return sum;
}

function finiteDifferences(values: number[], f: (values: number[]) => number): number[] {
  const step = 1e-5;
  return values.map((value, index) => {
    const moved = (by: number) => f(values.with(index, value + by));
    return (moved(step) - moved(-step)) / (2 * step);
  });
}

function expectClose(found: number[], expected: number[]): void {
  const differences = expected.map((value, index) => Math.abs(value - found[index]!));
  expect(Math.max(...differences)).toBeLessThan(2e-5);
}

describe('logProbAndEntropy', () => {
  const h = [...hidden.data];
  const e = [...head.data];

  it.each([
    ['with an entropy gradient', true],
    ['without', false],
  ])('agrees with finite differences at temperatures other than 1, %s', (_, entropyGradient) => {
    const coefficient = entropyGradient ? 1 : 0;
    const result = runEagerly(inputs, program(3, entropyGradient));
    const dHidden = finiteDifferences(h, (moved) => objective(moved, e, coefficient));
    const dHead = finiteDifferences(e, (moved) => objective(h, moved, coefficient));
    expectClose(result.hidden!, dHidden);
    // The head's gradient comes in two parts: through all logits, and through the targets' rows.
    const whole = [...result.head!];
    targets.forEach((word, token) => {
      for (let d = 0; d < size; d++) whole[word * size + d]! += result.targetRows![token * size + d]!;
    });
    expectClose(whole, dHead);
  });

  it('gives the same for every chunk size', () => {
    const whole = runEagerly(inputs, program(tokens));
    for (const chunkTokens of [1, 2, 3, 6]) {
      expect(largestDifference(whole, runEagerly(inputs, program(chunkTokens)))).toBeLessThan(2e-6);
    }
  });

  it('is the same when traced', async () => {
    const { numbers: traced } = await runTraced(inputs, program(3));
    expect(largestDifference(runEagerly(inputs, program(3)), traced)).toBeLessThan(3e-6);
  });

  it('never holds the logits of all tokens', async () => {
    const [many, words] = [512, 4096];
    const large = {
      hidden: numbers([many, size], 1),
      head: numbers([words, size], 2),
      targets: { shape: [many], data: new Int32Array(many) },
      inverseTemperature: { shape: [many, 1], data: new Float32Array(many).fill(1) },
      upstream: { shape: [many, 2], data: new Float32Array(2 * many).fill(1) },
    };
    const allLogits = many * words * Float32Array.BYTES_PER_ELEMENT;
    expect((await runTraced(large, program(32))).peakBytes).toBeLessThan(allLogits / 2);
    expect((await runTraced(large, program(many))).peakBytes).toBeGreaterThan(allLogits);
  });

  it('has finite scores where one logit dwarfs the others', () => {
    const large = { ...inputs, hidden: numbers([tokens, size], 1, 300) };
    const { scores } = runEagerly(large, program(3));
    expect(scores!.every(Number.isFinite)).toBe(true);
  });
});

it('chunks hold about 128 tokens, more for small vocabularies', () => {
  expect(chunkTokensFor(49_152)).toBe(128);
  expect(chunkTokensFor(64)).toBe(65_536);
});
