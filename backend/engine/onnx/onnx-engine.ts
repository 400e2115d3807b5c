// The embedded engine: training and scoring as traced graphs in ONNX Runtime (CPU), weights, gradients and moments
// as arrays of this process. Weights are inputs of the training graphs, so that an update rebuilds nothing.

import { availableParallelism } from 'node:os';
import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelConfig } from '../../model/model-config';
import type { NamedTensors } from '../../model/named-tensors';
import { SuperRlError } from '../../protocol/errors';
import { type BatchArray, lossArrays, scoreArrays } from '../batch-arrays';
import { checkLossRows, checkScoredRows } from '../check-rows';
import type {
  Accumulated,
  Engine,
  EngineDescription,
  EngineOptions,
  EnginePlan,
  GenerateRequest,
  Generation,
  LossForm,
  LossRow,
  OptimizerSettings,
  OptimizerState,
  ScoredRow,
  TokenStatistics,
  UpdateResult,
} from '../engine';
import { checkWeights } from '../model-weights';
import { type PackedBatch, pack } from '../packing';
import { headName } from '../tensor/decoder-model';
import { type LossVariant, lossVariantKey } from '../tensor/token-loss';
import { emptyStatistics, fillStatistics } from '../token-statistics';
import { AccumulatedGradient } from './accumulated-gradient';
import { AdamW } from './adamw';
import { Decoder } from './decode/decoder';
import { idleThreads } from './idle-threads';
import { type CachedSession, SessionCache } from './session-cache';
import type { Trace } from './trace-backend';
import { outputNames, traceGradient, traceScores, type WeightLayout } from './traced-batch';

/** Memory that cached sessions may hold beside the one in use. */
const maxSessionBytes = 1 << 30;

type Feeds = Record<string, OrtTensor>;

function feedsOf(arrays: Record<string, BatchArray>): Feeds {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [
      name,
      data instanceof Int32Array ? new OrtTensor('int32', data, shape) : new OrtTensor('float32', data, shape),
    ]),
  );
}

function float32Output(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`The graph has no float32 output ${name}.`);
  return data;
}

export class OnnxEngine implements Engine {
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
  private readonly layout: WeightLayout;
  private readonly weights: ReadonlyMap<string, Float32Array>;
  private readonly weightFeeds: Feeds;
  private readonly reference: Feeds | undefined;
  private readonly gradient: AccumulatedGradient;
  private readonly optimizer: AdamW;
  private readonly sessions = new SessionCache(maxSessionBytes);
  private readonly decoder: Decoder;

  /** The engine owns the weights' arrays from here on and changes them in place. */
  constructor(
    readonly modelConfig: ModelConfig,
    weights: NamedTensors,
    options: EngineOptions,
  ) {
    if (options.lora !== 'off') {
      throw new SuperRlError('unsupported', 'The onnx engine cannot train LoRA adapters yet; set "lora": "off".');
    }
    checkWeights(modelConfig, weights);
    this.plan = {
      threads: availableParallelism(),
      microBatchTokens: 2048,
      tokenBucket: 16,
      decodeWeights: 'inputs',
      ...options.plan,
    };
    this.description = {
      engine: 'onnx',
      device: `CPU, ${this.plan.threads} ${this.plan.threads === 1 ? 'thread' : 'threads'}`,
      versions: { 'onnxruntime-node': env.versions.node ?? 'unknown' },
      deterministic: true,
    };
    const shapes = new Map([...weights].map(([name, { shape }]) => [name, shape]));
    this.layout = { config: modelConfig, shapes, adapters: new Map(), trainable: new Set(shapes.keys()) };
    this.weights = new Map([...weights].map(([name, { data }]) => [name, data]));
    this.weightFeeds = this.feedsOfWeights((data) => data);
    this.reference = options.keepReference ? this.feedsOfWeights((data) => data.slice()) : undefined;
    this.gradient = new AccumulatedGradient(shapes);
    this.optimizer = new AdamW(shapes);
    this.decoder = new Decoder(modelConfig, () => this.namedWeights(), this.plan);
  }

  generate(request: GenerateRequest): Promise<Generation> {
    return this.decoder.generate(request);
  }

  async logProbs(rows: readonly ScoredRow[], weights: 'policy' | 'reference'): Promise<TokenStatistics[]> {
    const feeds = weights === 'policy' ? this.weightFeeds : this.reference;
    if (feeds === undefined)
      throw new SuperRlError('internal', 'The engine keeps no reference weights (keepReference).');
    checkScoredRows(this.modelConfig, rows);
    const statistics = emptyStatistics(rows);
    for (const batch of pack(rows, this.plan)) {
      const { shape } = batch;
      const session = await this.session(`scores:${shapeKey(batch)}`, () => traceScores(this.layout, shape));
      const outputs = await run(session, { ...feeds, ...feedsOf(scoreArrays(batch, rows)) });
      fillStatistics(statistics, batch, rows, float32Output(outputs, outputNames.scores));
    }
    return statistics;
  }

  async accumulate(form: LossForm, rows: readonly LossRow[]): Promise<Accumulated> {
    checkLossRows(this.modelConfig, form, rows);
    const variant: LossVariant = { form, entropy: rows.some((row) => row.entropyWeight !== 0) };
    const key = lossVariantKey(variant);
    const statistics = emptyStatistics(rows);
    let loss = 0;
    for (const batch of pack(rows, this.plan)) {
      const { shape } = batch;
      const trace = () => traceGradient(this.layout, shape, variant);
      const session = await this.session(`gradient:${key}:${shapeKey(batch)}`, trace);
      const inputs = scoreArrays(batch, rows);
      const arrays = { ...inputs, ...lossArrays(batch, rows) };
      const outputs = await run(session, { ...this.weightFeeds, ...feedsOf(arrays) });
      fillStatistics(statistics, batch, rows, float32Output(outputs, outputNames.scores));
      for (const tokenLoss of float32Output(outputs, outputNames.losses)) loss += tokenLoss;
      this.addGradients(outputs, inputs);
    }
    return { loss, rows: statistics };
  }

  async readGradients(): Promise<NamedTensors> {
    return this.gradient.read();
  }

  clearGradients(): void {
    this.gradient.clear();
  }

  async update(settings: OptimizerSettings): Promise<UpdateResult> {
    const result = this.optimizer.update(this.weights, this.gradient, settings);
    this.gradient.clear();
    if (result.applied) this.decoder.weightsChanged();
    return result;
  }

  async readWeights(): Promise<NamedTensors> {
    return new Map([...this.namedWeights()].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
  }

  readMergedWeights(): Promise<NamedTensors> {
    return this.readWeights();
  }

  async writeWeights(weights: NamedTensors): Promise<void> {
    checkWeights(this.modelConfig, weights);
    for (const [name, array] of this.weights) {
      const { data } = weights.get(name) ?? { data: array };
      array.set(data);
    }
    this.decoder.weightsChanged();
  }

  async readOptimizerState(): Promise<OptimizerState> {
    return this.optimizer.read();
  }

  async writeOptimizerState(state: OptimizerState): Promise<void> {
    this.optimizer.write(state);
  }

  resetOptimizer(): void {
    this.optimizer.reset();
  }

  async dispose(): Promise<void> {
    await this.decoder.dispose();
    await this.sessions.clear();
  }

  private feedsOfWeights(arrayOf: (data: Float32Array) => Float32Array): Feeds {
    return Object.fromEntries(
      [...this.weights].map(([name, data]) => [name, new OrtTensor('float32', arrayOf(data), this.shapeOf(name))]),
    );
  }

  /** The engine's own arrays, not copies. */
  private namedWeights(): NamedTensors {
    return new Map([...this.weights].map(([name, data]) => [name, { shape: this.shapeOf(name), data }]));
  }

  private shapeOf(name: string): readonly number[] {
    return this.layout.shapes.get(name) ?? [];
  }

  private addGradients(outputs: InferenceSession.OnnxValueMapType, inputs: Record<string, BatchArray>): void {
    for (const name of this.layout.trainable) {
      if (outputs[outputNames.gradient(name)] === undefined) continue; // has row gradients only
      this.gradient.add(name, float32Output(outputs, outputNames.gradient(name)));
    }
    const rowGradients = [
      ['tokenIds', 'model.embed_tokens.weight'],
      ['targets', headName(this.modelConfig)],
    ] as const;
    for (const [ids, name] of rowGradients) {
      const data = inputs[ids]?.data;
      if (!this.layout.trainable.has(name) || !(data instanceof Int32Array)) continue;
      this.gradient.addRows(name, data, float32Output(outputs, outputNames.rowGradient(ids)));
    }
  }

  private session(key: string, trace: () => Trace): Promise<InferenceSession> {
    return this.sessions.get(key, async (): Promise<CachedSession> => {
      const traced = trace();
      const session = await InferenceSession.create(traced.graph.serialize(), {
        executionProviders: ['cpu'],
        intraOpNumThreads: this.plan.threads,
        extra: idleThreads,
        // The pattern planner reserves every buffer at once: 1.6 GB more at 135 M parameters, for no gain.
        enableMemPattern: false,
        logSeverityLevel: 3,
      });
      return { session, bytes: traced.peakBytes() };
    });
  }
}

function shapeKey({ shape }: PackedBatch): string {
  return `${shape.rows}x${shape.tokens}:${shape.scored}`;
}

/** Runs with those of the feeds that the graph takes. */
function run(session: InferenceSession, feeds: Feeds): Promise<InferenceSession.OnnxValueMapType> {
  return session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as OrtTensor])));
}
