// Runs the graphs of generation: prefill over a batch of prompts, then a step a token over the rows in the cache. A
// step's input tensors are made anew only when rows or capacity change; otherwise their arrays are refilled.
import * as ort from 'onnxruntime-node';
import type { ModelConfig } from '../../../model/model-config';
import { SuperRlError } from '../../../protocol/errors';
import { type SamplingMode, type SamplingSettings, samplingMode } from '../../decoding/sampling';
import type { RotaryTable } from '../../tensor/rotary-table';
import { inputNames, outputNames } from './decode-graph';
import type { DecodeSession } from './decode-sessions';
import type { KvCache, PrefilledPrompt } from './kv-cache';

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
  private readonly prefillFeeds: Readonly<Record<string, ort.Tensor>>;
  private readonly stepFeeds: Readonly<Record<string, ort.Tensor>>;
  private readonly mode: SamplingMode;
  private step: StepInputs | undefined;

  constructor(
    private readonly config: ModelConfig,
    private readonly sessions: { readonly prefill: DecodeSession; readonly step: DecodeSession },
    tables: { readonly queries: RotaryTable; readonly keys: RotaryTable },
    settings: SamplingSettings,
  ) {
    this.mode = samplingMode(settings);
    const table = (values: Float32Array) =>
      new ort.Tensor('float32', values, [tables.keys.positions, config.headDim / 2]);
    const fixed: Record<string, ort.Tensor> = {
      [inputNames.queryCos]: table(tables.queries.cos),
      [inputNames.querySin]: table(tables.queries.sin),
      [inputNames.keyCos]: table(tables.keys.cos),
      [inputNames.keySin]: table(tables.keys.sin),
    };
    if (this.mode !== 'greedy') {
      const inverse = Float32Array.of(1 / settings.temperature);
      fixed[inputNames.inverseTemperature] = new ort.Tensor('float32', inverse, []);
    }
    if (this.mode === 'nucleus') {
      fixed[inputNames.topP] = new ort.Tensor('float32', Float32Array.of(settings.topP), []);
    }
    this.prefillFeeds = { ...sessions.prefill.weightFeeds, ...fixed };
    this.stepFeeds = { ...sessions.step.weightFeeds, ...fixed };
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
    const { kvHeads, heads, layers } = this.config;
    const padded = Math.max(...prompts.map((prompt) => prompt.length));
    const ids = new Int32Array(prompts.length * padded); // padding is any token: nothing attends to it
    prompts.forEach((prompt, index) => {
      ids.set(prompt, index * padded);
    });
    const positions = BigInt64Array.from(ids, (_, index) => BigInt(index % padded));
    const selected = Int32Array.from(sampledPrompts, (prompt) => prompt * padded + (prompts[prompt]?.length ?? 0) - 1);
    const results = await this.sessions.prefill.session.run({
      ...this.prefillFeeds,
      ...this.uniformFeed(uniform),
      [inputNames.ids]: new ort.Tensor('int32', ids, [prompts.length, padded]),
      [inputNames.positions]: new ort.Tensor('int64', positions, [prompts.length, padded]),
      [inputNames.causalBias]: causalBias(padded, heads / kvHeads),
      [inputNames.selected]: new ort.Tensor('int32', selected, [selected.length]),
    });
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
    const results = await this.sessions.step.session.run(step.feeds);
    for (let layer = 0; layer < this.config.layers; layer++) {
      cache.write(layer, floats(results, outputNames.key(layer)), floats(results, outputNames.value(layer)));
    }
    cache.advance();
    return chosenTokens(results);
  }

  private stepInputs(cache: KvCache): StepInputs {
    const { rows, capacity } = cache;
    if (this.step?.rows === rows && this.step.capacity === capacity) return this.step;
    const { kvHeads, headDim, layers } = this.config;
    const ids = new Int32Array(rows);
    const positions = new BigInt64Array(rows);
    const uniform = new Float32Array(rows);
    const feeds: Record<string, ort.Tensor> = {
      ...this.stepFeeds,
      ...this.uniformFeed(uniform),
      [inputNames.ids]: new ort.Tensor('int32', ids, [rows, 1]),
      [inputNames.positions]: new ort.Tensor('int64', positions, [rows, 1]),
      [inputNames.cacheBias]: new ort.Tensor('float32', cache.bias(), [rows, 1, 1, capacity]),
      [inputNames.split]: new ort.Tensor('int64', BigInt64Array.of(BigInt(capacity), 1n), [2]),
    };
    const shape = [rows, kvHeads, capacity, headDim];
    for (let layer = 0; layer < layers; layer++) {
      feeds[inputNames.keyCache(layer)] = new ort.Tensor('float32', cache.layerKeys(layer), shape);
      feeds[inputNames.valueCache(layer)] = new ort.Tensor('float32', cache.layerValues(layer), shape);
    }
    this.step = { rows, capacity, ids, positions, uniform, feeds };
    return this.step;
  }

  private uniformFeed(uniform: Float32Array): Record<string, ort.Tensor> {
    if (this.mode === 'greedy') return {};
    return { [inputNames.uniform]: new ort.Tensor('float32', uniform, [uniform.length, 1]) };
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
