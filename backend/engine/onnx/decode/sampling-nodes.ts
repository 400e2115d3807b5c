// Choosing a token inside the graph: greedy, or by the inverse of the cumulative distribution with one uniform
// number a row, over the whole vocabulary or over the nucleus of top-p (arXiv 1904.09751). Only [rows, 1] values
// leave the graph. The chosen token always has a probability above 0 and an id below the vocabulary's size.
import { largestUniform, type SamplingMode, vocabularyBlocks } from '../../decoding/sampling';
import type { OnnxGraph, Value } from '../graph';

export interface SampledValues {
  /** [rows, 1] int32 */
  readonly token: Value;
  /** [rows, 1], of the token under the full-vocabulary distribution. */
  readonly logProb: Value;
  /** [rows, 1], of the full-vocabulary distribution, nats. */
  readonly entropy: Value;
}

/**
 * @param logits [rows, vocabulary], already divided by the temperature
 * @param inputs.uniform [rows, 1] in [0, 1 − 2⁻²⁴] (`sample` and `nucleus`); inputs.topP scalar (`nucleus`)
 */
export function chooseToken(
  graph: OnnxGraph,
  mode: SamplingMode,
  logits: Value,
  vocabularySize: number,
  inputs: { readonly uniform: Value; readonly topP: Value },
): SampledValues {
  const logProbs = graph.node('LogSoftmax', [logits], { axis: -1 });
  const probabilities = graph.node('Exp', [logProbs]);
  const index =
    mode === 'greedy'
      ? graph.node('ArgMax', [logits], { axis: -1, keepdims: 1 })
      : mode === 'sample'
        ? sampleAll(graph, probabilities, vocabularySize, inputs.uniform)
        : sampleNucleus(graph, probabilities, vocabularySize, inputs.uniform, inputs.topP);
  const weighted = graph.node('Mul', [probabilities, logProbs]);
  return {
    token: graph.node('Cast', [index], { to: 6 }),
    logProb: graph.node('GatherElements', [logProbs, index], { axis: 1 }),
    entropy: graph.node('Neg', [graph.node('ReduceSum', [weighted, graph.int64s([-1])], { keepdims: 1 })]),
  };
}

/** Inclusive running sums along the last axis; added in order, so never decreasing. */
function runningSum(graph: OnnxGraph, values: Value, exclusive = 0): Value {
  return graph.node('CumSum', [values, graph.constant([], BigInt64Array.of(1n))], { exclusive });
}

/** How many of the running sums do not exceed the target: the index of the first that does. [rows, 1] float. */
function countUpTo(graph: OnnxGraph, sums: Value, target: Value): Value {
  const reached = graph.node('Cast', [graph.node('LessOrEqual', [sums, target])], { to: 1 });
  return graph.node('ReduceSum', [reached, graph.int64s([-1])], { keepdims: 1 });
}

function lastColumn(graph: OnnxGraph, values: Value): Value {
  return graph.node('Slice', [values, graph.int64s([-1]), graph.int64s([2 ** 31 - 1]), graph.int64s([1])]);
}

function toIndex(graph: OnnxGraph, count: Value): Value {
  return graph.node('Cast', [count], { to: 7 });
}

/**
 * uniform · total < total holds in float32 for uniform ≤ 1 − 2⁻²⁴, so the first running sum above it exists, and
 * as it exceeds the sum before it, its own probability is above 0.
 */
function sampleAll(graph: OnnxGraph, probabilities: Value, vocabularySize: number, uniform: Value): Value {
  const { blocks, blockSize } = vocabularyBlocks(vocabularySize);
  if (blocks === 1) {
    const sums = runningSum(graph, probabilities);
    return toIndex(graph, countUpTo(graph, sums, graph.node('Mul', [uniform, lastColumn(graph, sums)])));
  }
  const padding = blocks * blockSize - vocabularySize;
  const padded =
    padding === 0
      ? probabilities
      : graph.node('Pad', [probabilities, graph.int64s([0, 0, 0, padding]), graph.scalar(0)]);
  const grid = graph.node('Reshape', [padded, graph.int64s([-1, blocks, blockSize])]); // [rows, blocks, blockSize]
  const blockMass = graph.node('ReduceSum', [grid, graph.int64s([-1])], { keepdims: 0 }); // [rows, blocks]
  const blockSums = runningSum(graph, blockMass);
  const target = graph.node('Mul', [uniform, lastColumn(graph, blockSums)]);
  const block = countUpTo(graph, blockSums, target);
  const blockIndex = toIndex(graph, block);
  const pick = (values: Value) => graph.node('GatherElements', [values, blockIndex], { axis: 1 });
  // What is left of the target, as a share of the block, scaled to the block's own running sum: the two ways of
  // summing a block differ in the last bits.
  const rest = graph.node('Sub', [target, pick(runningSum(graph, blockMass, 1))]);
  const share = graph.node('Min', [graph.node('Div', [rest, pick(blockMass)]), graph.scalar(largestUniform)]);
  const chosen = graph.node('GatherND', [grid, blockIndex], { batch_dims: 1 }); // [rows, blockSize]
  const sums = runningSum(graph, chosen);
  const within = countUpTo(graph, sums, graph.node('Mul', [share, lastColumn(graph, sums)]));
  return toIndex(graph, graph.node('Add', [graph.node('Mul', [block, graph.scalar(blockSize)]), within]));
}

/** The nucleus: the most probable tokens, each kept while the mass before it is below topP. */
function sampleNucleus(
  graph: OnnxGraph,
  probabilities: Value,
  vocabularySize: number,
  uniform: Value,
  topP: Value,
): Value {
  const sorted = graph.name();
  const order = graph.name();
  graph.nodeWithOutputs('TopK', [probabilities, graph.int64s([vocabularySize])], [sorted, order], { axis: -1 });
  const sums = runningSum(graph, sorted);
  const kept = graph.node('Less', [runningSum(graph, sorted, 1), topP]);
  const mass = graph.node('ReduceMax', [graph.node('Where', [kept, sums, graph.scalar(0)]), graph.int64s([-1])], {
    keepdims: 1,
  });
  const place = toIndex(graph, countUpTo(graph, sums, graph.node('Mul', [uniform, mass])));
  return graph.node('GatherElements', [order, place], { axis: 1 });
}
