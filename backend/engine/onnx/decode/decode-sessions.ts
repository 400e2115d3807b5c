// The runtime sessions of the prefill and step graphs, one per way of choosing a token, made when first needed.
// Prefill takes the weights as inputs: with many tokens a run, prepacked weights gain nothing. A step's are inputs
// too, or initialisers: then its session ends when the weights change, and such sessions are bounded by bytes.

import * as ort from 'onnxruntime-node';
import { type ModelConfig, weightShapes } from '../../../model/model-config';
import type { NamedTensors } from '../../../model/named-tensors';
import { SuperRlError } from '../../../protocol/errors';
import type { SamplingMode } from '../../decoding/sampling';
import type { EnginePlan } from '../../engine';
import type { OnnxGraph } from '../graph';
import { idleThreads } from '../idle-threads';
import { buildPrefillGraph, buildStepGraph } from './decode-graph';

/** Step sessions that hold weights are kept up to this size together; one always is. */
const maxStoredBytes = 1.5 * 2 ** 30;
/** A serialised graph must stay below 2 GiB (protobuf); some of it is for nodes. */
const maxGraphWeightBytes = 2 ** 31 - 2 ** 24;

/** Models up to this size decode from stored weights by default. */
const maxDefaultStoredBytes = 2 ** 30;

/**
 * Stored weights make a step 1.05 to 1.4 times faster and cost a new session after each update, which 40 tokens a
 * completion pay back (measured from 1 M to 135 M parameters). Above 1 GiB the second copy of the weights is dearer.
 */
export function defaultDecodeWeights(config: ModelConfig): EnginePlan['decodeWeights'] {
  let bytes = 0;
  for (const shape of weightShapes(config).values()) {
    bytes += Float32Array.BYTES_PER_ELEMENT * shape.reduce((product, size) => product * size, 1);
  }
  return bytes <= maxDefaultStoredBytes ? 'initializers' : 'inputs';
}

export interface DecodeSession {
  readonly session: ort.InferenceSession;
  /** The weights, where they are inputs. */
  readonly weightFeeds: Readonly<Record<string, ort.Tensor>>;
}

export class DecodeSessions {
  private readonly prefillSessions = new Map<SamplingMode, ort.InferenceSession>();
  /** In order of use, the latest last. */
  private readonly stepSessions = new Map<SamplingMode, ort.InferenceSession>();
  private inputWeights: Readonly<Record<string, ort.Tensor>> | undefined;
  private released: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: ModelConfig,
    private readonly weights: () => NamedTensors,
    private readonly plan: EnginePlan,
  ) {}

  async prefill(mode: SamplingMode): Promise<DecodeSession> {
    let session = this.prefillSessions.get(mode);
    if (session === undefined) {
      session = await this.create(buildPrefillGraph(this.config, mode, 'inputs'));
      this.prefillSessions.set(mode, session);
    }
    return { session, weightFeeds: this.weightFeeds() };
  }

  async step(mode: SamplingMode): Promise<DecodeSession> {
    await this.released;
    const stored = this.plan.decodeWeights === 'initializers';
    const known = this.stepSessions.get(mode);
    this.stepSessions.delete(mode);
    const session = known ?? (stored ? await this.createStored(mode) : await this.createStep(mode, 'inputs'));
    this.stepSessions.set(mode, session);
    return { session, weightFeeds: stored ? {} : this.weightFeeds() };
  }

  /** Forgets everything made from the weights' values; the memory is freed at once. */
  weightsChanged(): void {
    this.inputWeights = undefined;
    if (this.plan.decodeWeights === 'initializers') this.release(this.stepSessions);
  }

  async dispose(): Promise<void> {
    this.inputWeights = undefined;
    this.release(this.stepSessions);
    this.release(this.prefillSessions);
    await this.released;
  }

  private async createStored(mode: SamplingMode): Promise<ort.InferenceSession> {
    const weights = checkedWeights(this.config, this.weights());
    const bytes = [...weights.values()].reduce((sum, tensor) => sum + tensor.data.byteLength, 0);
    if (bytes > maxGraphWeightBytes) {
      throw new SuperRlError(
        'engine',
        `The weights take ${(bytes / 2 ** 30).toFixed(1)} GiB and a decoding graph holds at most 2 GiB: start a run whose plan has decodeWeights 'inputs'.`,
      );
    }
    for (const [oldest, session] of this.stepSessions) {
      if ((this.stepSessions.size + 1) * bytes <= maxStoredBytes) break;
      this.stepSessions.delete(oldest);
      await session.release();
    }
    return this.createStep(mode, weights);
  }

  private createStep(mode: SamplingMode, weights: NamedTensors | 'inputs'): Promise<ort.InferenceSession> {
    return this.create(buildStepGraph(this.config, mode, weights));
  }

  private create(graph: OnnxGraph): Promise<ort.InferenceSession> {
    return ort.InferenceSession.create(graph.serialize(), {
      executionProviders: ['cpu'],
      intraOpNumThreads: this.plan.threads,
      interOpNumThreads: 1,
      extra: idleThreads,
      // The graphs are written in fused operators: further passes find nothing and cost a third of the build.
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 3,
    });
  }

  private weightFeeds(): Readonly<Record<string, ort.Tensor>> {
    this.inputWeights ??= Object.fromEntries(
      [...checkedWeights(this.config, this.weights())].map(([name, { data, shape }]) => [
        name,
        new ort.Tensor('float32', data, shape),
      ]),
    );
    return this.inputWeights;
  }

  private release(sessions: Map<SamplingMode, ort.InferenceSession>): void {
    const ended = [...sessions.values()];
    sessions.clear();
    this.released = this.released.then(async () => {
      for (const session of ended) await session.release();
    });
  }
}

/** The weights that this model's graphs use, by Hugging Face name; throws where one is missing or misshapen. */
export function checkedWeights(config: ModelConfig, weights: NamedTensors): NamedTensors {
  const used = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, shape] of weightShapes(config)) {
    const tensor = weights.get(name);
    if (tensor === undefined) {
      throw new SuperRlError('model', `The model has no weight '${name}': load a complete checkpoint of its kind.`);
    }
    if (tensor.shape.join() !== shape.join()) {
      throw new SuperRlError(
        'model',
        `Weight '${name}' has shape [${tensor.shape.join(', ')}] where the configuration means [${shape.join(', ')}]: take config.json and weights of the same model.`,
      );
    }
    used.set(name, tensor);
  }
  return used;
}
