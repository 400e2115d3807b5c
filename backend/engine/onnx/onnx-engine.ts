// The embedded engine: training and scoring as traced graphs in ONNX Runtime (CPU), weights, gradients and moments
// as arrays of this process. Weights are inputs of the training graphs, so that an update rebuilds nothing.

import { availableParallelism } from 'node:os';
import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelConfig } from '../../model/model-config';
import type { NamedTensors } from '../../model/named-tensors';
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
import { type PackedBatch, pack } from '../packing';
import { headName } from '../tensor/decoder-model';
import { type LossVariant, lossVariantKey } from '../tensor/token-loss';
import { emptyStatistics, fillStatistics } from '../token-statistics';
import { AccumulatedGradient } from './accumulated-gradient';
import { AdamW } from './adamw';
import { defaultDecodeWeights } from './decode/decode-sessions';
import { Decoder } from './decode/decoder';
import type { Feeds } from './device-weights';
import { idleThreads } from './idle-threads';
import { defaultMicroBatchTokens, scoredSteps } from './micro-batch-size';
import type { OnnxProvider } from './provider';
import { SessionCache } from './session-cache';
import type { Trace } from './trace-backend';
import { outputNames, traceGradient, traceScores } from './traced-batch';
import { copiesOf, WeightStore } from './weight-store';

/** Memory that cached sessions may hold beside the one in use. */
const maxSessionBytes = 1 << 30;

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
  private readonly weights: WeightStore;
  private readonly gradient: AccumulatedGradient;
  private readonly optimizer: AdamW;
  private readonly sessions = new SessionCache(maxSessionBytes, (model) => this.open(model));
  private readonly decoder: Decoder;
  /** What the decoder reads: all weights, adapters merged. */
  private decoded: NamedTensors = new Map();

  /** The engine owns the weights' arrays from here on and changes them in place. */
  constructor(
    readonly modelConfig: ModelConfig,
    weights: NamedTensors,
    options: EngineOptions,
  ) {
    this.plan = {
      threads: availableParallelism(),
      microBatchTokens: defaultMicroBatchTokens(modelConfig),
      tokenBucket: 16,
      decodeWeights: defaultDecodeWeights(modelConfig),
      ...options.plan,
    };
    const cpu = `CPU, ${this.plan.threads} ${this.plan.threads === 1 ? 'thread' : 'threads'}`;
    this.description = {
      engine: 'onnx',
      device: this.provider === 'webgpu' ? `GPU (WebGPU); decoding on the ${cpu}` : cpu,
      versions: { 'onnxruntime-node': env.versions.node ?? 'unknown' },
      deterministic: this.provider === 'cpu',
    };
    this.weights = new WeightStore(modelConfig, weights, options, this.provider);
    this.gradient = new AccumulatedGradient(this.weights.trainableShapes);
    this.optimizer = new AdamW(this.weights.trainableShapes);
    this.decoder = new Decoder(modelConfig, () => this.decoded, this.plan);
  }

  async generate(request: GenerateRequest): Promise<Generation> {
    this.decoded = await this.weights.mergedWeights(this.plan.threads);
    return this.decoder.generate(request);
  }

  async logProbs(rows: readonly ScoredRow[], weights: 'policy' | 'reference'): Promise<TokenStatistics[]> {
    const { layout } = this.weights[weights];
    const feeds = await this.weights[weights].feeds();
    checkScoredRows(this.modelConfig, rows);
    const statistics = emptyStatistics(rows);
    for (const batch of this.pack(rows)) {
      const { shape } = batch;
      // Graphs with and without adapters differ.
      const key = `scores:${layout.adapters.size}:${shapeKey(batch)}`;
      const session = await this.session(key, () => traceScores(layout, shape));
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
    for (const batch of this.pack(rows)) {
      const { shape } = batch;
      const { layout } = this.weights.policy;
      const feeds = await this.weights.policy.feeds();
      const trace = () => traceGradient(layout, shape, variant, this.plan.gradientCheckpointing);
      const session = await this.session(`gradient:${key}:${shapeKey(batch)}`, trace);
      const inputs = scoreArrays(batch, rows);
      const arrays = { ...inputs, ...lossArrays(batch, rows) };
      const outputs = await run(session, { ...feeds, ...feedsOf(arrays) });
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
    const result = this.optimizer.update(this.weights.trainable, this.gradient, settings);
    this.gradient.clear();
    if (result.applied) this.weightsChanged();
    return result;
  }

  async readWeights(): Promise<NamedTensors> {
    return this.weights.read();
  }

  async readMergedWeights(): Promise<NamedTensors> {
    return copiesOf(await this.weights.mergedWeights(this.plan.threads));
  }

  async writeWeights(weights: NamedTensors): Promise<void> {
    this.weights.write(weights);
    this.weightsChanged();
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
    await this.weights.dispose();
  }

  private get provider(): OnnxProvider {
    return this.plan.provider ?? 'cpu';
  }

  private weightsChanged(): void {
    this.weights.changed();
    this.decoder.weightsChanged();
  }

  private addGradients(outputs: InferenceSession.OnnxValueMapType, inputs: Record<string, BatchArray>): void {
    const { trainable } = this.weights.policy.layout;
    for (const name of trainable) {
      if (outputs[outputNames.gradient(name)] === undefined) continue; // has row gradients only
      this.gradient.add(name, float32Output(outputs, outputNames.gradient(name)));
    }
    const rowGradients = [
      ['tokenIds', 'model.embed_tokens.weight'],
      ['targets', headName(this.modelConfig)],
    ] as const;
    for (const [ids, name] of rowGradients) {
      const data = inputs[ids]?.data;
      if (!trainable.has(name) || !(data instanceof Int32Array)) continue;
      this.gradient.addRows(name, data, float32Output(outputs, outputNames.rowGradient(ids)));
    }
  }

  private pack(rows: readonly ScoredRow[]): PackedBatch[] {
    return pack(rows, this.plan, scoredSteps(this.modelConfig));
  }

  private session(key: string, trace: () => Trace): Promise<InferenceSession> {
    return this.sessions.get(key, () => {
      const traced = trace();
      return { model: traced.graph.serialize(), peakBytes: traced.peakBytes() };
    });
  }

  private open(model: Uint8Array): Promise<InferenceSession> {
    return InferenceSession.create(model, {
      executionProviders: [this.provider],
      intraOpNumThreads: this.plan.threads,
      extra: idleThreads,
      // The pattern planner reserves every buffer at once: 1.6 GB more at 135 M parameters, for no gain.
      enableMemPattern: false,
      logSeverityLevel: 3,
    });
  }
}

function shapeKey({ shape }: PackedBatch): string {
  const { tokens, rows, rowTokens, prefixes, prefixTokens, scored } = shape;
  return `${tokens}:${rows}x${rowTokens}:${prefixes}x${prefixTokens}:${scored}`;
}

/** Runs with those of the feeds that the graph takes. */
function run(session: InferenceSession, feeds: Feeds): Promise<InferenceSession.OnnxValueMapType> {
  return session.run(Object.fromEntries(session.inputNames.map((name) => [name, feeds[name] as OrtTensor])));
}
