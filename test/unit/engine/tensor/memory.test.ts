// What the eager engines hold at once while gradients are computed.
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { variables } from '../../../../backend/engine/eager/device-tensors';
import { plainRows } from '../../../../backend/engine/tensor/batch-attention';
import { batchScores } from '../../../../backend/engine/tensor/batch-gradient';
import { withGradient } from '../../../../backend/engine/tensor/fused-op';
import { freeDuringBackward } from '../../../../backend/engine/tensor/lean-backward';
import { logProbAndEntropy } from '../../../../backend/engine/tensor/log-prob';
import { type Tensor, tf } from '../../../../backend/engine/tensor/tfjs';
import { randomWeights, smallModel } from '../small-model';

const steps = 40;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The gradient of a chain of operations, and how many arrays are held when the backward pass reaches its beginning. */
function chain(step: (x: Tensor) => Tensor, atEnd: () => void): { gradient: number[]; held: number } {
  let held = 0;
  const probe = (x: Tensor) =>
    withGradient(
      [x],
      () => ({ value: tf.add(x, 0), saved: [] }),
      (dy) => {
        held = tf.memory().numDataBuffers - before;
        return [tf.add(dy, 0)];
      },
    );
  const before = tf.memory().numDataBuffers;
  const gradient = tf.tidy(() => {
    const x = tf.linspace(0.5, 1, 100);
    const loss = () => {
      let y = probe(x);
      for (let count = 0; count < steps; count++) y = step(y);
      const sum: tf.Scalar = tf.sum(y);
      atEnd();
      return sum;
    };
    return [...tf.engine().gradients(loss, [x]).grads[0]!.dataSync()];
  });
  expect(tf.memory().numDataBuffers).toBe(before);
  return { gradient, held };
}

describe('a backward pass', () => {
  it('gives saved tensors and gradients back as it goes, and computes the same', () => {
    const step = (x: Tensor) => tf.sin(tf.square(x));
    const plain = chain(step, () => {});
    const lean = chain(step, freeDuringBackward);
    expect(lean.gradient).toEqual(plain.gradient);
    expect(plain.held).toBeGreaterThan(4 * steps); // two saved and two gradients a step
    expect(lean.held).toBeLessThan(10);
  });

  it("keeps nothing of a fused operation's own steps", () => {
    const cube = (x: Tensor) =>
      withGradient(
        [x],
        () => ({ value: tf.mul(x, tf.square(x)), saved: [x] }),
        (dy, [saved]) => {
          let slope = tf.mul(tf.square(saved!), 3);
          for (let extra = 0; extra < 10; extra++) slope = tf.mul(slope, 1);
          return [tf.mul(dy, slope)];
        },
      );
    expect(chain(cube, () => {}).held).toBeLessThan(3 * steps); // one saved and one gradient a step
  });
});

it('scoring holds one hidden state a layer, and what one layer computes', async () => {
  const rows = 4;
  const tokens = 8;
  const peakOf = async (layers: number) => {
    const config = { ...smallModel, layers };
    const weights = { tensors: variables(randomWeights(config, 1), false), adapters: new Map() };
    const before = tf.memory().numBytes;
    const index = tf.range(0, rows * tokens, 1, 'int32');
    const inputs = { tokenIds: index, positions: index, inverse: index, targets: index };
    const { peakBytes } = await tf.profile(() =>
      tf.tidy(() => {
        const ids = tf.zeros([rows * tokens], 'int32');
        const given = { ...inputs, tokenIds: ids, targets: ids, inverseTemperature: tf.ones([rows * tokens, 1]) };
        return batchScores(config, weights, given, { ...plainRows(rows, tokens), scored: rows * tokens });
      }),
    );
    return peakBytes - before;
  };
  const hiddenState = 4 * rows * tokens * smallModel.hiddenSize;
  expect((await peakOf(8)) - (await peakOf(2))).toBeLessThanOrEqual(6 * hiddenState);
});

it('log-probabilities hold the logits of one chunk at a time, forwards and backwards', async () => {
  const [tokens, size, vocabulary, chunkTokens] = [64, 4, 500, 4];
  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(() => {
    const scoring = {
      hidden: tf.randomUniform([tokens, size]),
      head: tf.randomUniform([vocabulary, size]),
      targetRows: tf.randomUniform([tokens, size]),
      inverseTemperature: tf.ones([tokens, 1]),
      chunkTokens,
      entropyGradient: true,
      headGradient: true,
    };
    const inputs = [scoring.hidden, scoring.head, scoring.targetRows];
    const upstream = tf.ones([tokens, 2]);
    const { grads } = tf.engine().gradients(() => logProbAndEntropy(scoring), inputs, upstream);
    return grads[1]!;
  });
  const logitsOfAll = 4 * tokens * vocabulary;
  expect(peakBytes - before).toBeLessThan(logitsOfAll);
});
