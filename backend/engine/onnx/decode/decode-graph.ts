// The two graphs of generation. Prefill: whole prompts attend within themselves, and their keys and values are
// outputs. Step: one new token a row attends to a key/value cache that is an input and to itself; its own key and
// value are small outputs that the caller writes into the cache. Rows, tokens and cache capacity are sizes known at
// run time, so that one session serves every batch. Both choose a token at their end.
import type { ModelConfig } from '../../../model/model-config';
import type { SamplingMode } from '../../decoding/sampling';
import { OnnxGraph, type Value } from '../graph';
import { DecoderNodes, type GraphWeights, type RotaryInputs } from './decoder-nodes';
import { chooseToken } from './sampling-nodes';

export const inputNames = {
  /** int32 [rows, new] (step: [rows, 1]) */
  ids: 'ids',
  /** int64 [rows, new] */
  positions: 'positions',
  /** Rotary tables of keys, and of queries: those are scaled by 1/√headDim. [positions, headDim / 2] */
  keyCos: 'rotary.key.cos',
  keySin: 'rotary.key.sin',
  queryCos: 'rotary.query.cos',
  querySin: 'rotary.query.sin',
  /** Prefill: int32 [sampled], which of the rows · new hidden states each token is chosen from. */
  selected: 'selected',
  /** Prefill: added to the scores, causal. [new · heads / kvHeads, new] */
  causalBias: 'causal_bias',
  /** Step: added to the scores of cached tokens, 0 or hugely negative where a row has none. [rows, 1, 1, cache] */
  cacheBias: 'cache_bias',
  /** Step: int64 [2], the cache's capacity and 1. */
  split: 'split',
  /** [] 1 / temperature (not greedy) */
  inverseTemperature: 'inverse_temperature',
  /** [sampled, 1] (not greedy) */
  uniform: 'uniform',
  /** [] (nucleus) */
  topP: 'top_p',
  /** Step: [rows, kvHeads, cache, headDim] */
  keyCache: (layer: number) => `cache.key.${layer}`,
  valueCache: (layer: number) => `cache.value.${layer}`,
} as const;

export const outputNames = {
  /** int32 [sampled, 1] */
  token: 'token',
  /** [sampled, 1] */
  logProb: 'log_prob',
  entropy: 'entropy',
  /** [rows, kvHeads, new, headDim] */
  key: (layer: number) => `new.key.${layer}`,
  value: (layer: number) => `new.value.${layer}`,
} as const;

/** Prompts [rows, new] at once; gives the first chosen token of each row and the cache of all of them. */
export function buildPrefillGraph(config: ModelConfig, mode: SamplingMode, weights: GraphWeights): OnnxGraph {
  const { kvHeads, heads, headDim, hiddenSize } = config;
  const graph = new OnnxGraph();
  const nodes = new DecoderNodes(graph, config, weights);
  const ids = graph.input(inputNames.ids, ['rows', 'new'], 'int32');
  const rotary = rotaryInputs(graph, config, 'new');
  const bias = graph.input(inputNames.causalBias, ['queries', 'new'], 'float32');
  const selected = graph.input(inputNames.selected, ['sampled'], 'int32');
  const queryWidth = (heads / kvHeads) * headDim; // the queries that share a key and value head

  /** [rows, new, kvHeads · width] to [rows, kvHeads, new, width] */
  const turned = (x: Value, width: number, name = graph.name()): Value => {
    const split = graph.node('Reshape', [x, graph.int64s([0, 0, kvHeads, width])]);
    graph.nodeWithOutputs('Transpose', [split], [name], { perm: [0, 2, 1, 3] });
    return name;
  };
  const hidden = nodes.layers(ids, (layer, x) => {
    const keys = turned(nodes.keys(layer, x, rotary), headDim, outputNames.key(layer));
    const values = turned(nodes.values(layer, x), headDim, outputNames.value(layer));
    for (const name of [keys, values]) graph.namedOutput(name, ['rows', kvHeads, 'new', headDim], 'float32');
    const queries = graph.node('Reshape', [
      turned(nodes.queries(layer, x, rotary), queryWidth),
      graph.int64s([0, kvHeads, -1, headDim]),
    ]); // [rows, kvHeads, queries, headDim]
    const scores = graph.node('Add', [graph.contrib('FusedMatMul', [queries, keys], { transB: 1 }), bias]);
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], { axis: -1 }), values]);
    const perToken = graph.node('Reshape', [mixed, graph.int64s([0, kvHeads, -1, queryWidth])]);
    const back = graph.node('Transpose', [perToken], { perm: [0, 2, 1, 3] });
    return graph.node('Reshape', [back, graph.int64s([0, 0, heads * headDim])]);
  });
  const flat = graph.node('Reshape', [hidden, graph.int64s([-1, hiddenSize])]);
  outputTokens(graph, nodes, config, mode, graph.node('Gather', [flat, selected], { axis: 0 }));
  return graph;
}

/** One token a row against the cache; gives the next chosen token and the new keys and values. */
export function buildStepGraph(config: ModelConfig, mode: SamplingMode, weights: GraphWeights): OnnxGraph {
  const { kvHeads, heads, headDim, hiddenSize } = config;
  const graph = new OnnxGraph();
  const nodes = new DecoderNodes(graph, config, weights);
  const ids = graph.input(inputNames.ids, ['rows', 1], 'int32');
  const rotary = rotaryInputs(graph, config, 1);
  const bias = graph.input(inputNames.cacheBias, ['rows', 1, 1, 'cache'], 'float32');
  const split = graph.input(inputNames.split, [2], 'int64');

  const perKvHead = (x: Value, name = graph.name()): Value => {
    graph.nodeWithOutputs('Reshape', [x, graph.int64s([0, kvHeads, -1, headDim])], [name]);
    return name;
  };
  const hidden = nodes.layers(ids, (layer, x) => {
    const cache = (name: string) => graph.input(name, ['rows', kvHeads, 'cache', headDim], 'float32');
    const keyCache = cache(inputNames.keyCache(layer));
    const valueCache = cache(inputNames.valueCache(layer));
    const key = perKvHead(nodes.keys(layer, x, rotary), outputNames.key(layer)); // [rows, kvHeads, 1, headDim]
    const value = perKvHead(nodes.values(layer, x), outputNames.value(layer));
    for (const name of [key, value]) graph.namedOutput(name, ['rows', kvHeads, 1, headDim], 'float32');
    const query = perKvHead(nodes.queries(layer, x, rotary)); // [rows, kvHeads, heads / kvHeads, headDim]

    const cacheScores = graph.node('Add', [graph.contrib('FusedMatMul', [query, keyCache], { transB: 1 }), bias]);
    // The token's attention to itself is one number a head: products and a sum beat as many tiny matrix products.
    const ownScore = graph.node('ReduceSum', [graph.node('Mul', [query, key]), graph.int64s([-1])], { keepdims: 1 });
    const shares = graph.node('Softmax', [graph.node('Concat', [cacheScores, ownScore], { axis: 3 })], { axis: -1 });
    const cacheShares = graph.name();
    const ownShare = graph.name();
    graph.nodeWithOutputs('Split', [shares, split], [cacheShares, ownShare], { axis: 3 });
    const mixed = graph.node('Add', [
      graph.node('MatMul', [cacheShares, valueCache]),
      graph.node('Mul', [ownShare, value]),
    ]);
    return graph.node('Reshape', [mixed, graph.int64s([0, 1, heads * headDim])]);
  });
  outputTokens(graph, nodes, config, mode, graph.node('Reshape', [hidden, graph.int64s([-1, hiddenSize])]));
  return graph;
}

function rotaryInputs(graph: OnnxGraph, config: ModelConfig, tokens: 'new' | 1): RotaryInputs {
  const table = (name: string) => graph.input(name, ['positions', config.headDim / 2], 'float32');
  return {
    positions: graph.input(inputNames.positions, ['rows', tokens], 'int64'),
    // The scale of attention scores rides on the queries' rotation: a factor on the matrix product would keep the
    // runtime from its fast path for a single query.
    queries: [table(inputNames.queryCos), table(inputNames.querySin)],
    keys: [table(inputNames.keyCos), table(inputNames.keySin)],
  };
}

/** Chooses a token from each hidden state, [sampled, hidden]. */
function outputTokens(graph: OnnxGraph, nodes: DecoderNodes, config: ModelConfig, mode: SamplingMode, x: Value): void {
  // The temperature divides the hidden states: the same logits, for a pass over [hidden] and not [vocabulary].
  const scaled =
    mode === 'greedy' ? x : graph.node('Mul', [x, graph.input(inputNames.inverseTemperature, [], 'float32')]);
  const chosen = chooseToken(graph, mode, nodes.logits(scaled), config.vocabularySize, {
    uniform: mode === 'greedy' ? '' : graph.input(inputNames.uniform, ['sampled', 1], 'float32'),
    topP: mode === 'nucleus' ? graph.input(inputNames.topP, [], 'float32') : '',
  });
  graph.output(chosen.token, outputNames.token, ['sampled', 1], 'int32');
  graph.output(chosen.logProb, outputNames.logProb, ['sampled', 1], 'float32');
  graph.output(chosen.entropy, outputNames.entropy, ['sampled', 1], 'float32');
}
