// The graph of generation in a session: weights in, rows in, tokens out. Tensors of its own are given back at once;
// weights and cache stay in the session until `unload`.
import type { ModelConfig } from '../../../model/model-config';
import { type SamplingMode, type SamplingSettings, samplingMode } from '../../decoding/sampling';
import { type DecoderWeights, mergedWeight } from '../../tensor/decoder-model';
import { rotaryTable } from '../../tensor/rotary-table';
import { type Tensor, tf } from '../../tensor/tfjs';
import { GraphSession } from '../graph-session';
import { buildDecodeGraph, inputNames, outputNames } from './decode-graph';
import { rotaryNames } from './decoder-nodes';

/** Prompts padded on the left to one length. */
export interface PaddedPrompts {
  readonly ids: Int32Array;
  /** Padding of each, [prompts]. */
  readonly starts: Int32Array;
  /** Tokens of each, padding included. */
  readonly tokens: number;
}

export interface StepRows {
  /** The newest token of each row, and the slot of its first one. */
  readonly ids: Int32Array;
  readonly starts: Int32Array;
  /** The slot that the newest tokens go to. */
  readonly slot: number;
}

/** Needs the tfjs backend "tensorflow" to be the active one at each call. */
export class DecodeSession {
  private readonly session: GraphSession;
  private readonly weightNames: readonly string[];
  private slots = 0;

  constructor(private readonly config: ModelConfig) {
    const { graph, weights } = buildDecodeGraph(config);
    this.session = new GraphSession(graph);
    this.weightNames = weights;
  }

  /** @param positions that sequences reach */
  load(weights: DecoderWeights, positions: number): void {
    this.change(outputNames.load, () => {
      const tables = this.rotary(positions);
      const value = (name: string) => tables.get(name) ?? mergedWeight(weights, name);
      return Object.fromEntries(this.weightNames.map((name) => [inputNames.weight(name), value(name)]));
    });
  }

  unload(): void {
    this.change(outputNames.unload, () => ({}));
  }

  /** A cache of no rows for prompts of at most so many tokens. */
  begin(slots: number): void {
    this.slots = slots;
    this.change(outputNames.begin, () => ({ [inputNames.slots]: tf.scalar(slots, 'int32') }));
  }

  /** Makes the steps that follow faster, at the price of copying the cache. */
  settle(): void {
    this.change(outputNames.settle, () => ({}));
  }

  /** Keeps these rows of the cache only, in this order. */
  keep(rows: readonly number[]): void {
    this.change(outputNames.keep, () => ({ [inputNames.kept]: tf.tensor1d([...rows], 'int32') }));
  }

  /**
   * Adds rows to the cache and chooses the token after each prompt.
   * @param promptOf which of the prompts each row continues
   * @returns [rows · 3]: token id, log-probability (nats), entropy (nats)
   */
  prefill({ ids, starts, tokens }: PaddedPrompts, promptOf: readonly number[], sampling: Sampling): Float32Array {
    return this.choose(outputNames.prefill, sampling, () => ({
      [inputNames.promptIds]: tf.tensor2d(ids, [starts.length, tokens], 'int32'),
      [inputNames.promptStarts]: tf.tensor1d(starts, 'int32'),
      [inputNames.promptOf]: tf.tensor1d([...promptOf], 'int32'),
      [inputNames.slots]: tf.scalar(this.slots, 'int32'),
    }));
  }

  /** Feeds the newest token of every row and chooses the next; returns what prefill does. */
  step({ ids, starts, slot }: StepRows, sampling: Sampling): Float32Array {
    return this.choose(outputNames.step, sampling, () => ({
      [inputNames.ids]: tf.tensor1d(ids, 'int32'),
      [inputNames.starts]: tf.tensor1d(starts, 'int32'),
      [inputNames.slot]: tf.scalar(slot, 'int32'),
    }));
  }

  dispose(): void {
    this.session.dispose();
  }

  private change(name: string, inputs: () => Record<string, Tensor>): void {
    tf.tidy(() => {
      this.session.run(inputs(), [name]);
    });
  }

  private choose(
    output: (mode: SamplingMode) => string,
    { settings, uniform }: Sampling,
    inputs: () => Record<string, Tensor>,
  ): Float32Array {
    const mode = samplingMode(settings);
    return tf.tidy(() => {
      const feeds = inputs();
      if (mode !== 'greedy') {
        feeds[inputNames.uniform] = tf.tensor2d(uniform, [uniform.length, 1]);
        feeds[inputNames.inverseTemperature] = tf.scalar(1 / settings.temperature);
      }
      if (mode === 'nucleus') feeds[inputNames.topP] = tf.scalar(settings.topP);
      const [chosen] = this.session.run(feeds, [output(mode)]);
      if (chosen === undefined) throw new Error(`The graph gave no ${output(mode)}.`);
      return Float32Array.from(chosen.dataSync());
    });
  }

  private rotary(positions: number): ReadonlyMap<string, Tensor> {
    const table = rotaryTable(this.config, positions);
    const twice = (values: Float32Array, first: number) => {
      const half = tf.tensor(values, [positions, 1, this.config.headDim / 2]);
      return tf.concat([tf.mul(half, first), half], 2);
    };
    return new Map([
      [rotaryNames.cos, twice(table.cos, 1)],
      [rotaryNames.sin, twice(table.sin, -1)],
    ]);
  }
}

export interface Sampling {
  readonly settings: SamplingSettings;
  /** [rows] in [0, 1 − 2⁻²⁴]; ignored when greedy. */
  readonly uniform: Float32Array;
}
