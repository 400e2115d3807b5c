// The runtime sessions of the decode graph, one per way of choosing a token, made when first needed and bounded by
// bytes. Weights are initialisers (sessions end when the weights change) or inputs (sessions stay).
import * as ort from 'onnxruntime-node';
import type { ModelConfig } from '../../../model/model-config';
import type { NamedTensors } from '../../../model/named-tensors';
import { SuperRlError } from '../../../protocol/errors';
import type { EnginePlan } from '../../engine';
import { buildDecodeGraph, checkedWeights } from './decode-graph';
import type { SamplingMode } from './sampling-nodes';

/** Sessions with weights of their own are kept up to this size together; at least one always is. */
const maxSessionBytes = 1.5 * 2 ** 30;
/** A serialised graph must stay below 2 GiB (protobuf); some of it is for nodes. */
const maxGraphWeightBytes = 2 ** 31 - 2 ** 24;

export interface DecodeSession {
  readonly session: ort.InferenceSession;
  /** The weights, where they are inputs. */
  readonly weightFeeds: Readonly<Record<string, ort.Tensor>>;
}

export function weightBytes(weights: NamedTensors): number {
  let bytes = 0;
  for (const tensor of weights.values()) bytes += tensor.data.byteLength;
  return bytes;
}

export class DecodeSessions {
  /** In order of use, the latest last. */
  private readonly sessions = new Map<SamplingMode, ort.InferenceSession>();
  private weightFeeds: Record<string, ort.Tensor> | undefined;
  private released: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: ModelConfig,
    private readonly weights: () => NamedTensors,
    private readonly plan: EnginePlan,
  ) {}

  async get(mode: SamplingMode): Promise<DecodeSession> {
    await this.released;
    const known = this.sessions.get(mode);
    if (known !== undefined) {
      this.sessions.delete(mode);
      this.sessions.set(mode, known);
      return { session: known, weightFeeds: this.weightInputs() };
    }
    const session = await this.build(mode);
    this.sessions.set(mode, session);
    return { session, weightFeeds: this.weightInputs() };
  }

  /** Forgets everything made from the weights' values; their memory is freed at once. */
  weightsChanged(): void {
    this.weightFeeds = undefined;
    if (this.plan.decodeWeights === 'initializers') this.releaseAll();
  }

  async dispose(): Promise<void> {
    this.weightFeeds = undefined;
    this.releaseAll();
    await this.released;
  }

  private async build(mode: SamplingMode): Promise<ort.InferenceSession> {
    const weights = checkedWeights(this.config, this.weights());
    const stored = this.plan.decodeWeights === 'initializers';
    if (stored) {
      const bytes = weightBytes(weights);
      if (bytes > maxGraphWeightBytes) {
        throw new SuperRlError(
          'engine',
          `The weights take ${(bytes / 2 ** 30).toFixed(1)} GiB, and a decoding graph holds at most 2 GiB: start a run whose plan has decodeWeights 'inputs'.`,
        );
      }
      while (this.sessions.size > 0 && (this.sessions.size + 1) * bytes > maxSessionBytes) await this.evictOldest();
    }
    const graph = buildDecodeGraph(this.config, mode, stored ? weights : 'inputs').serialize();
    return ort.InferenceSession.create(graph, {
      executionProviders: ['cpu'],
      intraOpNumThreads: this.plan.threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  }

  private async evictOldest(): Promise<void> {
    for (const [mode, session] of this.sessions) {
      this.sessions.delete(mode);
      await session.release();
      return;
    }
  }

  private weightInputs(): Record<string, ort.Tensor> {
    if (this.plan.decodeWeights === 'initializers') return {};
    if (this.weightFeeds === undefined) {
      this.weightFeeds = {};
      for (const [name, tensor] of checkedWeights(this.config, this.weights())) {
        this.weightFeeds[name] = new ort.Tensor('float32', tensor.data, tensor.shape);
      }
    }
    return this.weightFeeds;
  }

  private releaseAll(): void {
    const sessions = [...this.sessions.values()];
    this.sessions.clear();
    this.released = this.released.then(async () => {
      for (const session of sessions) await session.release();
    });
  }
}
