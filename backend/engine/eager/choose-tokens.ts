// Chooses a token from each row of logits on the device: greedily, or by the inverse of the cumulative distribution
// with one uniform number a row, over all tokens or over the nucleus of top-p (arXiv 1904.09751). The same sums in
// the same blocks as the traced engine's sampling nodes, so that equal numbers choose equal tokens.
import { largestUniform, type SamplingMode, vocabularyBlocks } from '../onnx/decode/sampling-nodes';
import { at } from '../tensor/fused-op';
import { type Tensor, tf } from '../tensor/tfjs';

export interface SamplingInputs {
  readonly mode: SamplingMode;
  readonly topP: number;
  /** [rows], in [0, 1). */
  readonly uniform: Float32Array;
}

/**
 * @param logits [rows, vocabulary], already divided by the temperature
 * @returns [rows, 3]: token id, its log-probability (nats) and the distribution's entropy (nats)
 */
export function chooseTokens(logits: Tensor, { mode, topP, uniform }: SamplingInputs): Tensor {
  const rows = logits.shape[0] ?? 0;
  const shifted = tf.sub(logits, tf.max(logits, -1, true));
  const powers = tf.exp(shifted);
  const total = tf.sum(powers, -1, true); // [rows, 1]
  const probabilities = tf.div(powers, total);
  const logTotal = tf.log(total);
  const token = tf.reshape(
    mode === 'greedy'
      ? tf.argMax(logits, -1)
      : choose(
          probabilities,
          tf.tensor(
            uniform.map((u) => Math.min(u, largestUniform)),
            [rows, 1],
          ),
          mode === 'nucleus' ? topP : undefined,
        ),
    [rows, 1],
  );
  const logProb = tf.sub(pick(shifted, token), logTotal);
  const entropy = tf.sub(logTotal, tf.sum(tf.mul(probabilities, shifted), -1, true));
  return tf.concat([tf.cast(token, 'float32'), logProb, entropy], 1);
}

/** @returns int32 [rows, 1] */
function choose(probabilities: Tensor, uniform: Tensor, topP: number | undefined): Tensor {
  return topP === undefined ? sampleAll(probabilities, uniform) : sampleNucleus(probabilities, uniform, topP);
}

function sampleAll(probabilities: Tensor, uniform: Tensor): Tensor {
  const [rows = 0, vocabulary = 0] = probabilities.shape;
  const { blocks, blockSize } = vocabularyBlocks(vocabulary);
  if (blocks === 1) return invert(probabilities, uniform);
  const padding = blocks * blockSize - vocabulary;
  const padded = padding === 0 ? probabilities : tf.concat([probabilities, tf.zeros([rows, padding])], 1);
  const grid = tf.reshape(padded, [rows, blocks, blockSize]);
  const mass = tf.sum(grid, -1); // [rows, blocks]
  const sums = tf.cumsum(mass, 1);
  const target = tf.mul(uniform, lastColumn(sums));
  const block = countUpTo(sums, target);
  // What is left of the target, as a share of the block, scaled to the block's own running sum.
  const rest = tf.sub(target, tf.sub(pick(sums, block), pick(mass, block)));
  const share = tf.clipByValue(tf.div(rest, pick(mass, block)), 0, largestUniform);
  const chosen = tf.gather(tf.reshape(grid, [rows * blocks, blockSize]), tf.reshape(flatIndex(block, blocks), [rows]));
  return tf.add(tf.mul(block, tf.scalar(blockSize, 'int32')), invert(chosen, share));
}

/** The most probable tokens, each kept while the mass before it is below topP. */
function sampleNucleus(probabilities: Tensor, uniform: Tensor, topP: number): Tensor {
  const { values, indices } = tf.topk(probabilities, probabilities.shape[1] ?? 0);
  const sums = tf.cumsum(values, 1);
  const kept = tf.cast(tf.less(tf.sub(sums, values), topP), 'float32');
  const place = countUpTo(sums, tf.mul(uniform, tf.max(tf.mul(kept, sums), -1, true)));
  return pick(indices, place);
}

/** The first index at which the running sum exceeds uniform · total, int32 [rows, 1]. */
function invert(weights: Tensor, uniform: Tensor): Tensor {
  const sums = tf.cumsum(weights, 1);
  return countUpTo(sums, tf.mul(uniform, lastColumn(sums)));
}

/** How many of the running sums do not exceed the target, int32 [rows, 1]; at most the last index. */
function countUpTo(sums: Tensor, target: Tensor): Tensor {
  const count = tf.sum(tf.cast(tf.lessEqual(sums, target), 'int32'), -1, true);
  return tf.minimum(count, tf.scalar((sums.shape[1] ?? 1) - 1, 'int32'));
}

function lastColumn(x: Tensor): Tensor {
  const columns = x.shape[1] ?? 0;
  return columns === 1 ? x : at(tf.split(x, [columns - 1, 1], 1), 1);
}

/** x[row, index[row]] of each row, [rows, 1]. */
function pick(x: Tensor, index: Tensor): Tensor {
  return tf.gather(tf.reshape(x, [-1]), flatIndex(index, x.shape[1] ?? 0));
}

function flatIndex(index: Tensor, columns: number): Tensor {
  const rows = index.shape[0] ?? 0;
  const starts = tf.tensor(
    Int32Array.from({ length: rows }, (_, row) => row * columns),
    [rows, 1],
    'int32',
  );
  return tf.add(starts, index);
}
