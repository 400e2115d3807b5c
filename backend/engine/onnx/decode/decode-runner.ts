// Runs the decode graph: once over a batch of prompts (prefill), then once a token over the rows in the cache. Input
// tensors are made anew only when the number of rows or the capacity changes; otherwise their arrays are refilled.
import * as ort from 'onnxruntime-node';
import type { ModelConfig } from '../../../model/model-config';
import { SuperRlError } from '../../../protocol/errors';
import { inputNames, outputNames } from './decode-graph';
import type { DecodeSession } from './decode-sessions';
import type { KvCache, PrefilledPrompt } from './kv-cache';
import type { RotaryTable } from './rotary-table';

export interface SamplingSettings {
  readonly temperature: number;
  readonly topP: number;
}

/** One chosen token a sampled row. */
export interface ChosenTokens {
  readonly tokens: Int32Array;
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
}

interface StepInputs {
  readonly rows: number;
  readonly capacity: number;
  readonly ids: Int32Array;
  readonly positions: BigInt64Array;
  readonly uniform: Float32Array;
  readonly feeds: Record<string, ort.Tensor>;
}

export class DecodeRunner {
  private readonly fixedFeeds: Record<string, ort.Tensor>;
  private readonly inputs: ReadonlySet<string>;
  private step: StepInputs | undefined;

  constructor(
    private readonly config: ModelConfig,
    private readonly decode: DecodeSession,
    table: RotaryTable,
    settings: SamplingSettings,
  ) {
    const pairs = config.headDim / 2;
    this.inputs = new Set(decode.session.inputNames);
    this.fixedFeeds = this.wanted({
      ...decode.weightFeeds,
      [inputNames.cos]: new ort.Tensor('float32', table.cos, [table.positions, pairs]),
      [inputNames.sin]: new ort.Tensor('float32', table.sin, [table.positions, pairs]),
      [inputNames.inverseTemperature]: new ort.Tensor('float32', Float32Array.of(1 / settings.temperature), []),
      [inputNames.topP]: new ort.Tensor('float32', Float32Array.of(settings.topP), []),
    });
  }

  /**
   * Computes keys and values of the prompts and chooses the first token of each sampled row.
   * @param sampledPrompts which prompt each sampled row continues, [sampled]
   * @param uniform [sampled]
   */
  async prefill(
    prompts: readonly Int32Array[],
    sampledPrompts: readonly number[],
    uniform: Float32Array,
  ): Promise<{ chosen: ChosenTokens; prompts: PrefilledPrompt[] }> {
    const { kvHeads, heads, headDim, layers } = this.config;
    const padded = Math.max(...prompts.map((prompt) => prompt.length));
    const ids = new Int32Array(prompts.length * padded); // padding is any token: nothing attends to it
    prompts.forEach((prompt, index) => {
      ids.set(prompt, index * padded);
    });
    const positions = BigInt64Array.from(ids, (_, index) => BigInt(index % padded));
    const selected = Int32Array.from(sampledPrompts, (prompt) => prompt * padded + (prompts[prompt]?.length ?? 0) - 1);
    const feeds: Record<string, ort.Tensor> = {
      ...this.fixedFeeds,
      ...this.wanted({
        [inputNames.ids]: new ort.Tensor('int32', ids, [prompts.length, padded]),
        [inputNames.positions]: new ort.Tensor('int64', positions, [prompts.length, padded]),
        [inputNames.cacheBias]: new ort.Tensor('float32', new Float32Array(0), [prompts.length, 1, 1, 0]),
        [inputNames.newBias]: causalBias(padded, heads / kvHeads),
        [inputNames.split]: new ort.Tensor('int64', BigInt64Array.of(0n, BigInt(padded)), [2]),
        [inputNames.selected]: new ort.Tensor('int32', selected, [selected.length]),
        [inputNames.uniform]: new ort.Tensor('float32', uniform, [uniform.length, 1]),
      }),
    };
    const empty = new ort.Tensor('float32', new Float32Array(0), [prompts.length, kvHeads, 0, headDim]);
    for (let layer = 0; layer < layers; layer++) {
      feeds[inputNames.keyCache(layer)] = empty;
      feeds[inputNames.valueCache(layer)] = empty;
    }
    const results = await this.decode.session.run(feeds);
    const perLayer = (name: (layer: number) => string) =>
      Array.from({ length: layers }, (_, layer) => floats(results, name(layer)));
    const keys = perLayer(outputNames.key);
    const values = perLayer(outputNames.value);
    return {
      chosen: chosenTokens(results),
      prompts: prompts.map((prompt, index) => ({ keys, values, index, paddedLength: padded, length: prompt.length })),
    };
  }

  /**
   * Feeds the newest token of every row, writes its keys and values into the cache, and chooses the next.
   * @param fill sets the newest token and the uniform number of a row
   */
  async nextTokens(
    cache: KvCache,
    fill: (row: number, ids: Int32Array, uniform: Float32Array) => void,
  ): Promise<ChosenTokens> {
    cache.makeRoom();
    const step = this.stepInputs(cache);
    for (let row = 0; row < cache.rows; row++) {
      step.positions[row] = BigInt(cache.lengths[row] ?? 0);
      fill(row, step.ids, step.uniform);
    }
    const results = await this.decode.session.run(step.feeds);
    for (let layer = 0; layer < this.config.layers; layer++) {
      cache.write(layer, floats(results, outputNames.key(layer)), floats(results, outputNames.value(layer)));
    }
    cache.advance();
    return chosenTokens(results);
  }

  private stepInputs(cache: KvCache): StepInputs {
    const { rows, capacity } = cache;
    if (this.step?.rows === rows && this.step.capacity === capacity) return this.step;
    const { kvHeads, heads, headDim, layers } = this.config;
    const ids = new Int32Array(rows);
    const positions = new BigInt64Array(rows);
    const uniform = new Float32Array(rows);
    const group = heads / kvHeads;
    const feeds: Record<string, ort.Tensor> = {
      ...this.fixedFeeds,
      ...this.wanted({
        [inputNames.ids]: new ort.Tensor('int32', ids, [rows, 1]),
        [inputNames.positions]: new ort.Tensor('int64', positions, [rows, 1]),
        [inputNames.cacheBias]: new ort.Tensor('float32', cache.bias(), [rows, 1, 1, capacity]),
        [inputNames.newBias]: new ort.Tensor('float32', new Float32Array(group), [group, 1]),
        [inputNames.split]: new ort.Tensor('int64', BigInt64Array.of(BigInt(capacity), 1n), [2]),
        [inputNames.selected]: new ort.Tensor('int32', Int32Array.from(ids.keys()), [rows]),
        [inputNames.uniform]: new ort.Tensor('float32', uniform, [rows, 1]),
      }),
    };
    const shape = [rows, kvHeads, capacity, headDim];
    for (let layer = 0; layer < layers; layer++) {
      feeds[inputNames.keyCache(layer)] = new ort.Tensor('float32', cache.layerKeys(layer), shape);
      feeds[inputNames.valueCache(layer)] = new ort.Tensor('float32', cache.layerValues(layer), shape);
    }
    this.step = { rows, capacity, ids, positions, uniform, feeds };
    return this.step;
  }

  /** Greedy graphs have no temperature and no uniform number, and only nucleus graphs have top-p. */
  private wanted(feeds: Record<string, ort.Tensor>): Record<string, ort.Tensor> {
    return Object.fromEntries(Object.entries(feeds).filter(([name]) => this.inputs.has(name)));
  }
}

/** [new · group, new]: 0 where a query may see a new token, hugely negative where that lies in its future. */
function causalBias(tokens: number, group: number): ort.Tensor {
  const bias = new Float32Array(tokens * group * tokens);
  for (let query = 0; query < tokens * group; query++) {
    bias.fill(-1e9, query * tokens + Math.floor(query / group) + 1, (query + 1) * tokens);
  }
  return new ort.Tensor('float32', bias, [tokens * group, tokens]);
}

function chosenTokens(results: ort.InferenceSession.OnnxValueMapType): ChosenTokens {
  const tokens = results[outputNames.token]?.data;
  if (!(tokens instanceof Int32Array)) throw new SuperRlError('internal', 'The decode graph gave no tokens.');
  return {
    tokens,
    logProbs: floats(results, outputNames.logProb),
    entropies: floats(results, outputNames.entropy),
  };
}

function floats(results: ort.InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = results[name]?.data;
  if (!(data instanceof Float32Array)) throw new SuperRlError('internal', `The decode graph gave no '${name}'.`);
  return data;
}
