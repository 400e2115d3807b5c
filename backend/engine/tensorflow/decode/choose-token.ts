// Choosing a token inside the graph, by the method of the ONNX engine's sampling nodes: equal numbers choose equal
// tokens but for rounding.
import { largestUniform, type SamplingMode, vocabularyBlocks } from '../../decoding/sampling';
import type { TensorflowGraph, Value } from '../graph';

/**
 * @param logits [rows, vocabulary], already divided by the temperature
 * @param inputs.uniform [rows, 1] in [0, 1 − 2⁻²⁴]; inputs.topP scalar (`nucleus`)
 * @returns [rows, 3]: token id, its log-probability (nats) and the distribution's entropy (nats)
 */
export function chooseToken(
  graph: TensorflowGraph,
  mode: SamplingMode,
  logits: Value,
  vocabularySize: number,
  inputs: { readonly uniform: Value; readonly topP: Value },
): Value {
  const shifted = graph.sub(logits, graph.max(logits, true));
  const powers = graph.exp(shifted);
  const total = graph.sum(powers, true); // [rows, 1]
  const probabilities = graph.div(powers, total);
  const logTotal = graph.log(total);
  const token =
    mode === 'greedy'
      ? graph.reshape(graph.argMax(logits), [-1, 1])
      : mode === 'sample'
        ? sampleAll(graph, probabilities, vocabularySize, inputs.uniform)
        : sampleNucleus(graph, probabilities, vocabularySize, inputs.uniform, inputs.topP);
  const logProb = graph.sub(pick(graph, shifted, token), logTotal);
  const entropy = graph.sub(logTotal, graph.sum(graph.mul(probabilities, shifted), true));
  return graph.concat([graph.cast(token, 'float32'), logProb, entropy], 1);
}

/** @returns int32 [rows, 1] */
function sampleAll(graph: TensorflowGraph, probabilities: Value, vocabularySize: number, uniform: Value): Value {
  const { blocks, blockSize } = vocabularyBlocks(vocabularySize);
  if (blocks === 1) return invert(graph, probabilities, vocabularySize, uniform);
  const padding = blocks * blockSize - vocabularySize;
  const padded =
    padding === 0 ? probabilities : graph.pad(probabilities, graph.constant('int32', [2, 2], [0, 0, 0, padding]));
  const grid = graph.reshape(padded, [-1, blocks, blockSize]);
  const mass = graph.sum(grid, false); // [rows, blocks]
  const sums = graph.cumSum(mass, 1);
  const target = graph.mul(uniform, lastColumn(graph, sums, blocks));
  const block = countUpTo(graph, sums, blocks, target);
  // What is left of the target, as a share of the block, scaled to the block's own running sum: the two ways of
  // summing a block differ in the last bits.
  const blockMass = pick(graph, mass, block);
  const rest = graph.sub(target, graph.sub(pick(graph, sums, block), blockMass));
  const share = graph.minimum(graph.maximum(graph.div(rest, blockMass), graph.float(0)), graph.float(largestUniform));
  const chosen = graph.reshape(graph.gather(grid, block, 1, 1), [-1, blockSize]);
  return graph.add(graph.mul(block, graph.int(blockSize)), invert(graph, chosen, blockSize, share));
}

/** The most probable tokens, each kept while the mass before it is below topP; int32 [rows, 1]. */
function sampleNucleus(
  graph: TensorflowGraph,
  probabilities: Value,
  vocabularySize: number,
  uniform: Value,
  topP: Value,
): Value {
  const { values, indices } = graph.topK(probabilities, vocabularySize);
  const sums = graph.cumSum(values, 1);
  const kept = graph.cast(graph.less(graph.sub(sums, values), topP), 'float32');
  const mass = graph.max(graph.mul(kept, sums), true);
  return pick(graph, indices, countUpTo(graph, sums, vocabularySize, graph.mul(uniform, mass)));
}

/** The first index at which the running sum exceeds uniform · total, int32 [rows, 1]. */
function invert(graph: TensorflowGraph, weights: Value, count: number, uniform: Value): Value {
  const sums = graph.cumSum(weights, 1);
  return countUpTo(graph, sums, count, graph.mul(uniform, lastColumn(graph, sums, count)));
}

/** How many of the running sums do not exceed the target, int32 [rows, 1]; at most the last index. */
function countUpTo(graph: TensorflowGraph, sums: Value, count: number, target: Value): Value {
  // In float32, which is exact here: TensorFlow adds up int32 on the host, wherever the rest runs.
  const reached = graph.sum(graph.cast(graph.lessEqual(sums, target), 'float32'), true);
  return graph.cast(graph.minimum(reached, graph.float(count - 1)), 'int32');
}

function lastColumn(graph: TensorflowGraph, x: Value, columns: number): Value {
  return graph.gather(x, graph.ints([columns - 1]), 1);
}

/** x[row, index[row]] of each row, [rows, 1]. */
function pick(graph: TensorflowGraph, x: Value, index: Value): Value {
  return graph.gather(x, index, 1, 1);
}
