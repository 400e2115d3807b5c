// One graph for prefilling and for decoding: new tokens of some rows attend to a key/value cache that is an input
// and to one another; their own keys and values are small outputs that the caller writes into the cache. Rows, new
// tokens, cache capacity and sampled rows are sizes known at run time, so that one session serves every batch.
import type { ModelConfig } from '../../../model/model-config';
import { weightShapes } from '../../../model/model-config';
import type { NamedTensors } from '../../../model/named-tensors';
import { SuperRlError } from '../../../protocol/errors';
import { OnnxGraph, type Value } from '../graph';
import { chooseToken, type SamplingMode } from './sampling-nodes';

export const inputNames = {
  /** int32 [rows, new] */
  ids: 'ids',
  /** int64 [rows, new] */
  positions: 'positions',
  /** [positions, headDim / 2] */
  cos: 'rotary.cos',
  sin: 'rotary.sin',
  /** Added to the scores of cached tokens: 0, or hugely negative where a row has none. [rows, 1, 1, cache] */
  cacheBias: 'cache_bias',
  /** Added to the scores among new tokens: causal. [new · heads / kvHeads, new] */
  newBias: 'new_bias',
  /** int64 [2]: cache capacity and number of new tokens. */
  split: 'split',
  /** int32 [sampled]: which of the rows · new hidden states a token is chosen from. */
  selected: 'selected',
  /** [] 1 / temperature */
  inverseTemperature: 'inverse_temperature',
  /** [sampled, 1] */
  uniform: 'uniform',
  /** [] */
  topP: 'top_p',
  /** [rows, kvHeads, cache, headDim] */
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

/** Weights stored in the graph (prepacked by the runtime), or names only: then they are inputs. */
export type GraphWeights = NamedTensors | 'inputs';

/** The weights that this model's graph uses, by Hugging Face name; throws where one is missing or misshapen. */
export function checkedWeights(config: ModelConfig, weights: NamedTensors): NamedTensors {
  const used = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, shape] of weightShapes(config)) {
    const tensor = weights.get(name);
    if (tensor === undefined) {
      throw new SuperRlError(
        'model',
        `The model has no weight '${name}': load a complete checkpoint of this architecture.`,
      );
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new SuperRlError(
        'model',
        `Weight '${name}' has shape [${tensor.shape.join(', ')}] where the configuration asks for [${shape.join(', ')}]: config.json and weights must be of the same model.`,
      );
    }
    used.set(name, tensor);
  }
  return used;
}

export function buildDecodeGraph(config: ModelConfig, mode: SamplingMode, weights: GraphWeights): OnnxGraph {
  const graph = new OnnxGraph();
  const nodes = new DecoderNodes(graph, config, weights);
  const { hiddenSize, layers, headDim, vocabularySize } = config;
  const ids = graph.input(inputNames.ids, ['rows', 'new'], 'int32');
  graph.input(inputNames.positions, ['rows', 'new'], 'int64');
  graph.input(inputNames.cos, ['positions', headDim / 2], 'float32');
  graph.input(inputNames.sin, ['positions', headDim / 2], 'float32');
  graph.input(inputNames.cacheBias, ['rows', 1, 1, 'cache'], 'float32');
  graph.input(inputNames.newBias, ['queries', 'new'], 'float32');
  graph.input(inputNames.split, [2], 'int64');
  const selected = graph.input(inputNames.selected, ['sampled'], 'int32');

  const embedding = nodes.weight('model.embed_tokens.weight');
  let residual = graph.node('Gather', [embedding, ids], { axis: 0 }); // [rows, new, hidden]
  let hidden = nodes.norm(residual, 'model.layers.0.input_layernorm.weight');
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const attended = nodes.attention(layer, hidden);
    [hidden, residual] = nodes.addNorm(attended, residual, `${at}.post_attention_layernorm.weight`);
    const fed = nodes.feedForward(layer, hidden);
    const next = layer === layers - 1 ? 'model.norm.weight' : `model.layers.${layer + 1}.input_layernorm.weight`;
    [hidden, residual] = nodes.addNorm(fed, residual, next);
  }

  const last = graph.node('Gather', [graph.node('Reshape', [hidden, graph.int64s([-1, hiddenSize])]), selected], {
    axis: 0,
  }); // [sampled, hidden]
  // The temperature divides the hidden states: the same logits for a pass over [hidden] and not [vocabulary].
  const scaled =
    mode === 'greedy' ? last : graph.node('Mul', [last, graph.input(inputNames.inverseTemperature, [], 'float32')]);
  const head = config.tiedEmbeddings ? embedding : nodes.weight('lm_head.weight');
  const logits = graph.contrib('FusedMatMul', [scaled, head], { transB: 1 }); // [sampled, vocabulary]
  const sampled = chooseToken(graph, mode, logits, vocabularySize, {
    uniform: mode === 'greedy' ? '' : graph.input(inputNames.uniform, ['sampled', 1], 'float32'),
    topP: mode === 'nucleus' ? graph.input(inputNames.topP, [], 'float32') : '',
  });
  graph.output(sampled.token, outputNames.token, ['sampled', 1], 'int32');
  graph.output(sampled.logProb, outputNames.logProb, ['sampled', 1], 'float32');
  graph.output(sampled.entropy, outputNames.entropy, ['sampled', 1], 'float32');
  return graph;
}

/** The parts of a decoder layer as ONNX nodes. */
class DecoderNodes {
  private readonly shapes: Map<string, readonly number[]>;
  private readonly added = new Set<string>();

  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: ModelConfig,
    private readonly weights: GraphWeights,
  ) {
    this.shapes = weightShapes(config);
  }

  weight(name: string): Value {
    if (this.added.has(name)) return name;
    this.added.add(name);
    const shape = this.shapes.get(name);
    const tensor = this.weights === 'inputs' ? undefined : this.weights.get(name);
    if (shape === undefined) throw new SuperRlError('internal', `No weight '${name}' in this architecture.`);
    if (this.weights === 'inputs') return this.graph.input(name, shape, 'float32');
    if (tensor === undefined) throw new SuperRlError('internal', `Weight '${name}' was not checked.`);
    return this.graph.weight(name, shape, tensor.data);
  }

  norm(x: Value, weight: string): Value {
    return this.graph.node('SimplifiedLayerNormalization', [x, this.weight(weight)], {
      epsilon: { float: this.config.rmsNormEpsilon },
      axis: -1,
      stash_type: 1,
    });
  }

  /** [norm(x + residual), x + residual] */
  addNorm(x: Value, residual: Value, weight: string): [Value, Value] {
    const normed = this.graph.name();
    const sum = this.graph.name();
    this.graph.nodeWithOutputs(
      'SkipSimplifiedLayerNormalization',
      [x, residual, this.weight(weight)],
      [normed, '', '', sum],
      { epsilon: { float: this.config.rmsNormEpsilon } },
      'com.microsoft',
    );
    return [normed, sum];
  }

  private linear(x: Value, weight: string): Value {
    return this.graph.contrib('FusedMatMul', [x, this.weight(weight)], { transB: 1 });
  }

  feedForward(layer: number, x: Value): Value {
    const at = `model.layers.${layer}.mlp`;
    const gate = this.graph.contrib('QuickGelu', [this.linear(x, `${at}.gate_proj.weight`)], { alpha: { float: 1 } }); // SiLU
    const up = this.linear(x, `${at}.up_proj.weight`);
    return this.linear(this.graph.node('Mul', [gate, up]), `${at}.down_proj.weight`);
  }

  /** Query, key or value of a layer: [rows, new, heads · headDim]; positions are added to queries and keys. */
  private project(layer: number, x: Value, which: 'q' | 'k' | 'v'): Value {
    const { config, graph } = this;
    const at = `model.layers.${layer}.self_attn`;
    const heads = which === 'q' ? config.heads : config.kvHeads;
    let y = this.linear(x, `${at}.${which}_proj.weight`);
    if (config.qkvBias) y = graph.node('Add', [y, this.weight(`${at}.${which}_proj.bias`)]);
    if (which === 'v') return y;
    if (config.qkNorm) {
      const perHead = graph.node('Reshape', [y, graph.int64s([0, 0, heads, config.headDim])]);
      const normed = this.norm(perHead, `${at}.${which}_norm.weight`);
      y = graph.node('Reshape', [normed, graph.int64s([0, 0, heads * config.headDim])]);
    }
    return graph.contrib('RotaryEmbedding', [y, inputNames.positions, inputNames.cos, inputNames.sin], {
      num_heads: heads,
      interleaved: 0,
    });
  }

  /** [rows, new, kvHeads · width] to [rows, kvHeads, new · width / headDim, headDim] */
  private byKvHead(x: Value, width: number): Value {
    const { graph, config } = this;
    const split = graph.node('Reshape', [x, graph.int64s([0, 0, config.kvHeads, width])]);
    const turned = graph.node('Transpose', [split], { perm: [0, 2, 1, 3] });
    return width === config.headDim
      ? turned
      : graph.node('Reshape', [turned, graph.int64s([0, config.kvHeads, -1, config.headDim])]);
  }

  attention(layer: number, x: Value): Value {
    const { graph, config } = this;
    const { kvHeads, headDim, heads } = config;
    const queryWidth = (heads / kvHeads) * headDim; // the queries that share a key and value head
    const cache = (name: string) => graph.input(name, ['rows', kvHeads, 'cache', headDim], 'float32');
    const keyCache = cache(inputNames.keyCache(layer));
    const valueCache = cache(inputNames.valueCache(layer));
    const query = this.byKvHead(this.project(layer, x, 'q'), queryWidth);
    const key = this.byKvHead(this.project(layer, x, 'k'), headDim);
    const value = this.byKvHead(this.project(layer, x, 'v'), headDim);
    graph.output(key, outputNames.key(layer), ['rows', kvHeads, 'new', headDim], 'float32');
    graph.output(value, outputNames.value(layer), ['rows', kvHeads, 'new', headDim], 'float32');

    const scores = (keys: Value, bias: Value) =>
      graph.node('Add', [
        graph.contrib('FusedMatMul', [query, keys], { transB: 1, alpha: { float: 1 / Math.sqrt(headDim) } }),
        bias,
      ]); // [rows, kvHeads, queries, cache or new]
    const all = [scores(keyCache, inputNames.cacheBias), scores(key, inputNames.newBias)];
    const shares = graph.node('Softmax', [graph.node('Concat', all, { axis: 3 })], { axis: -1 });
    const cacheShares = graph.name();
    const newShares = graph.name();
    graph.nodeWithOutputs('Split', [shares, inputNames.split], [cacheShares, newShares], { axis: 3 });
    const mixed = graph.node('Add', [
      graph.node('MatMul', [cacheShares, valueCache]),
      graph.node('MatMul', [newShares, value]),
    ]); // [rows, kvHeads, queries, headDim]
    const perToken = graph.node('Reshape', [mixed, graph.int64s([0, kvHeads, -1, queryWidth])]);
    const turned = graph.node('Transpose', [perToken], { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', [turned, graph.int64s([0, 0, heads * headDim])]);
    return this.linear(joined, `model.layers.${layer}.self_attn.o_proj.weight`);
  }
}
