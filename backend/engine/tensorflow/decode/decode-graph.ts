// The graph of generation. Weights and the key/value cache are variables: they stay on the device, and only ids go in
// and three numbers a row come out. Prompts are padded on the left to one length, so that all rows are equally long. A
// variable that is written in place is copied at every read, so the cache has two parts: the past, which stands still,
// and a short recent part, which is made anew with every token and joins the past now and then.
import type { ModelConfig } from '../../../model/model-config';
import type { SamplingMode } from '../../decoding/sampling';
import { type Control, TensorflowGraph, type Value, type Variable } from '../graph';
import { chooseToken } from './choose-token';
import { type Attend, DecoderNodes } from './decoder-nodes';

export const inputNames = {
  /** int32 [prompts, tokens] */
  promptIds: 'prompt_ids',
  /** int32 [prompts], how many of a prompt's tokens are padding. */
  promptStarts: 'prompt_starts',
  /** int32 [rows], which of the prompts each row continues. */
  promptOf: 'prompt_of',
  /** int32 [], the slots of a prompt in the cache. */
  slots: 'slots',
  /** int32 [rows], the newest token of each row. */
  ids: 'ids',
  /** int32 [rows], the slot of each row's first token. */
  starts: 'starts',
  /** int32 [], the slot that the newest tokens go to. */
  slot: 'slot',
  /** int32 [rows left], their places among the rows. */
  kept: 'kept',
  /** [rows, 1] (not greedy) */
  uniform: 'uniform',
  /** [] 1 / temperature (not greedy) */
  inverseTemperature: 'inverse_temperature',
  /** [] (nucleus) */
  topP: 'top_p',
  /** The new value of a weight or table. */
  weight: (name: string) => `load.${name}`,
} as const;

export const outputNames = {
  /** Takes all weights and tables. */
  load: 'load',
  /** Gives the memory of weights and cache back. */
  unload: 'unload',
  /** Makes a cache of `slots` slots and no rows. */
  begin: 'begin',
  /** Adds rows to the cache and chooses their first token, [rows, 3]: id, log-probability (nats), entropy (nats). */
  prefill: (mode: SamplingMode) => `prefill.${mode}`,
  /** Feeds the newest tokens and chooses the next, [rows, 3]. */
  step: (mode: SamplingMode) => `step.${mode}`,
  /** Keeps the rows `kept`. */
  keep: 'keep',
  /** Adds the recent part to the past. */
  settle: 'settle',
} as const;

const modes: readonly SamplingMode[] = ['greedy', 'sample', 'nucleus'];
/** Added to the scores of what a token may not attend to. */
const masked = -1e9;

export interface DecodeGraph {
  readonly graph: TensorflowGraph;
  /** What `load` takes: weights by Hugging Face name, and the rotary tables. */
  readonly weights: readonly string[];
}

export function buildDecodeGraph(config: ModelConfig): DecodeGraph {
  const graph = new TensorflowGraph();
  const nodes = new DecoderNodes(graph, config);
  const cache = Array.from({ length: config.layers }, (_, layer) => cacheOf(graph, layer));
  const slots = graph.input(inputNames.slots, 'int32');
  const choices = tokenChoices(graph, nodes, config);

  const prompts = prefill(graph, nodes, config, cache, slots);
  for (const [mode, chosen] of choices(prompts.hidden)) {
    graph.output(outputNames.prefill(mode), chosen, prompts.written);
  }
  const next = step(graph, nodes, config, cache);
  for (const [mode, chosen] of choices(next.hidden)) graph.output(outputNames.step(mode), chosen, next.written);

  const parts = cache.flatMap(({ keys, values }) => [keys, values]);
  const none = graph.ints([0]);
  graph.task(
    outputNames.begin,
    parts.flatMap(({ past, recent }) => [
      graph.assign(past, emptyCache(graph, config, none, graph.reshape(slots, [1]))),
      graph.assign(recent, emptyCache(graph, config, none, none)),
    ]),
  );
  graph.task(
    outputNames.settle,
    parts.flatMap(({ past, recent }) => {
      const joined = graph.concat([graph.read(past), graph.read(recent)], 2);
      const rows = graph.gather(graph.shape(joined), none, 0);
      return [graph.assign(past, joined), graph.assign(recent, emptyCache(graph, config, rows, none))];
    }),
  );
  const held = parts.flatMap(({ past, recent }) => [past, recent]);
  const kept = graph.input(inputNames.kept, 'int32');
  graph.task(
    outputNames.keep,
    held.map((old) => graph.assign(old, graph.gather(graph.read(old), kept, 0))),
  );

  const loaded = nodes.weights.map(({ variable, names, transposed }) => {
    const [first, ...others] = names.map((name) => graph.input(inputNames.weight(name), 'float32'));
    if (first === undefined) throw new Error('A variable holds one weight at least.');
    const value = others.length === 0 ? first : graph.concat([first, ...others], 0);
    return graph.assign(variable, transposed ? graph.transpose(value, [1, 0]) : value);
  });
  graph.task(outputNames.load, loaded);
  const nothing = graph.constant('float32', [0], []);
  graph.task(
    outputNames.unload,
    [...nodes.weights.map(({ variable }) => variable), ...held].map((variable) => graph.assign(variable, nothing)),
  );
  return { graph, weights: nodes.weights.flatMap(({ names }) => names) };
}

/** [rows, kvHeads, slots, headDim] each */
interface CachePart {
  readonly past: Variable;
  readonly recent: Variable;
}

interface LayerCache {
  readonly keys: CachePart;
  readonly values: CachePart;
}

function cacheOf(graph: TensorflowGraph, layer: number): LayerCache {
  const part = (name: string) => ({
    past: graph.variable(`cache.${name}.${layer}.past`),
    recent: graph.variable(`cache.${name}.${layer}.recent`),
  });
  return { keys: part('key'), values: part('value') };
}

/** @param rows, slots int32 [1] */
function emptyCache(graph: TensorflowGraph, { kvHeads, headDim }: ModelConfig, rows: Value, slots: Value): Value {
  const shape = graph.concat([rows, graph.ints([kvHeads]), slots, graph.ints([headDim])], 0);
  return graph.fill(shape, graph.float(0));
}

function layerOf(cache: readonly LayerCache[], index: number): LayerCache {
  const layer = cache[index];
  if (layer === undefined) throw new Error(`There is no layer ${index}.`);
  return layer;
}

/** Hidden states to choose tokens from, [rows, hidden], and what has to be done beside. */
interface Advanced {
  readonly hidden: Value;
  readonly written: readonly Control[];
}

/** Prompts attend within themselves; their keys and values go to new rows of the cache. */
function prefill(
  graph: TensorflowGraph,
  nodes: DecoderNodes,
  config: ModelConfig,
  cache: readonly LayerCache[],
  slots: Value,
): Advanced {
  const { heads, kvHeads, headDim, hiddenSize } = config;
  const ids = graph.input(inputNames.promptIds, 'int32');
  const starts = graph.input(inputNames.promptStarts, 'int32');
  const promptOf = graph.input(inputNames.promptOf, 'int32');
  const shape = graph.shape(ids); // [prompts, tokens]
  const tokens = graph.gather(shape, graph.int(1), 0);
  const places = graph.range(tokens);
  const positions = graph.maximum(graph.sub(places, graph.reshape(starts, [-1, 1])), graph.int(0)); // [prompts, tokens]
  const keyPlaces = graph.reshape(places, [1, 1, 1, 1, -1]);
  const visible = graph.and(
    graph.lessEqual(keyPlaces, graph.reshape(places, [1, 1, 1, -1, 1])),
    graph.lessEqual(graph.reshape(starts, [-1, 1, 1, 1, 1]), keyPlaces),
  );
  const bias = graph.where(visible, graph.float(0), graph.float(masked)); // [prompts, 1, 1, tokens, tokens]
  const perToken = (x: Value, ...sizes: number[]) => graph.reshape(x, graph.concat([shape, graph.ints(sizes)], 0));

  // [4, 2]: the cache's slots that a prompt leaves free come first
  const free = graph.reshape(graph.sub(slots, tokens), [1]);
  const paddings = graph.reshape(graph.concat([graph.ints([0, 0, 0, 0]), free, graph.ints([0, 0, 0])], 0), [4, 2]);
  const recentRows = emptyCache(graph, config, graph.shape(promptOf), graph.ints([0]));
  const written: Control[] = [];
  const attend: Attend = (layer, queries, newKeys, newValues) => {
    // [prompts, kvHeads, tokens, headDim]
    const keys = graph.transpose(perToken(newKeys, kvHeads, headDim), [0, 2, 1, 3]);
    const values = graph.transpose(perToken(newValues, kvHeads, headDim), [0, 2, 1, 3]);
    const append = ({ past, recent }: CachePart, added: Value) => {
      const rows = graph.pad(graph.gather(added, promptOf, 0), paddings);
      written.push(graph.assign(past, graph.concat([graph.read(past), rows], 0)));
      written.push(graph.assign(recent, graph.concat([graph.read(recent), recentRows], 0)));
    };
    append(layerOf(cache, layer).keys, keys);
    append(layerOf(cache, layer).values, values);
    const perHead = graph.transpose(perToken(queries, kvHeads, heads / kvHeads, headDim), [0, 2, 3, 1, 4]);
    const scores = graph.add(graph.batchMatMul(perHead, graph.expandDims(keys, 2), true), bias);
    const mixed = graph.batchMatMul(graph.softmax(scores), graph.expandDims(values, 2)); // as perHead
    return graph.reshape(graph.transpose(mixed, [0, 3, 1, 2, 4]), [-1, heads * headDim]);
  };
  const all = nodes.hidden(graph.reshape(ids, [-1]), graph.reshape(positions, [-1]), attend);
  const last = graph.gather(perToken(all, hiddenSize), graph.sub(tokens, graph.int(1)), 1); // [prompts, hidden]
  return { hidden: graph.gather(last, promptOf, 0), written };
}

/** One token a row attends to the cache and itself. */
function step(
  graph: TensorflowGraph,
  nodes: DecoderNodes,
  { heads, kvHeads, headDim }: ModelConfig,
  cache: readonly LayerCache[],
): Advanced {
  const ids = graph.input(inputNames.ids, 'int32');
  const starts = graph.input(inputNames.starts, 'int32');
  const slot = graph.input(inputNames.slot, 'int32');
  const pastKeys = graph.read(layerOf(cache, 0).keys.past);
  const pastSlots = graph.gather(graph.shape(pastKeys), graph.int(2), 0);
  const visible = graph.lessEqual(graph.reshape(starts, [-1, 1, 1, 1]), graph.range(pastSlots));
  const bias = graph.where(visible, graph.float(0), graph.float(masked)); // [rows, 1, 1, past]
  const lengths = graph.concat([graph.reshape(pastSlots, [1]), graph.ints([-1])], 0);
  const written: Control[] = [];
  const attend: Attend = (layer, queries, newKeys, newValues) => {
    const { keys, values } = layerOf(cache, layer);
    const withNewest = ({ recent }: CachePart, newest: Value) => {
      const longer = graph.concat([graph.read(recent), graph.expandDims(newest, 2)], 2);
      written.push(graph.assign(recent, longer));
      return longer;
    };
    const grouped = graph.reshape(queries, [-1, kvHeads, heads / kvHeads, headDim]);
    const pastScores = graph.add(graph.batchMatMul(grouped, graph.read(keys.past), true), bias);
    const recentScores = graph.batchMatMul(grouped, withNewest(keys, newKeys), true);
    const shares = graph.softmax(graph.concat([pastScores, recentScores], 3));
    const [pastShares, recentShares] = graph.splitInTwo(shares, lengths, 3);
    const mixed = graph.add(
      graph.batchMatMul(pastShares, graph.read(values.past)),
      graph.batchMatMul(recentShares, withNewest(values, newValues)),
    ); // as grouped
    return graph.reshape(mixed, [-1, heads * headDim]);
  };
  return { hidden: nodes.hidden(ids, graph.sub(slot, starts), attend), written };
}

/** A token for each hidden state [rows, hidden], by each way of choosing. */
function tokenChoices(
  graph: TensorflowGraph,
  nodes: DecoderNodes,
  { vocabularySize }: ModelConfig,
): (hidden: Value) => [SamplingMode, Value][] {
  const uniform = graph.input(inputNames.uniform, 'float32');
  const inverseTemperature = graph.input(inputNames.inverseTemperature, 'float32');
  const topP = graph.input(inputNames.topP, 'float32');
  return (states) => {
    // The temperature divides the hidden states: the same logits, for a pass over [hidden] and not [vocabulary].
    const heated = nodes.logits(graph.mul(states, inverseTemperature));
    const plain = nodes.logits(states);
    return modes.map((mode) => {
      const logits = mode === 'greedy' ? plain : heated;
      return [mode, chooseToken(graph, mode, logits, vocabularySize, { uniform, topP })];
    });
  };
}
