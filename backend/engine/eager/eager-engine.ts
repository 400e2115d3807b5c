// An engine that runs the tensor code eagerly on a tfjs backend: "reference" on tfjs-backend-cpu for tests, and the
// form that a native TensorFlow backend takes. Each call activates its backend first and runs synchronously, since
// tfjs has one active backend in a process.
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
import { pack } from '../packing';
import { batchGradient, batchScores } from '../tensor/batch-gradient';
import type { DecoderWeights } from '../tensor/decoder-model';
import { type Tensor, tf } from '../tensor/tfjs';
import { emptyStatistics, fillStatistics } from '../token-statistics';
import { readTensors, variables } from './device-tensors';
import { EagerAdamW } from './eager-adamw';
import { eagerGenerate } from './eager-generate';

/** What tells one eager engine from another. */
export interface EagerBackend {
  /** Name of a registered tfjs backend that starts synchronously. */
  readonly name: string;
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
}

export class EagerEngine implements Engine {
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
  private readonly weights: Map<string, tf.Variable>;
  private readonly reference: Map<string, tf.Variable> | undefined;
  private readonly gradients = new Map<string, Tensor>();
  private readonly optimizer: EagerAdamW;

  constructor(
    private readonly backend: EagerBackend,
    readonly modelConfig: ModelConfig,
    weights: NamedTensors,
    options: EngineOptions,
  ) {
    if (options.lora !== 'off') {
      throw new SuperRlError(
        'unsupported',
        `The ${backend.description.engine} engine cannot train LoRA adapters; set "lora": "off".`,
      );
    }
    checkWeights(modelConfig, weights);
    this.description = backend.description;
    this.plan = { ...backend.plan, ...options.plan };
    this.activate();
    this.weights = variables(weights, true);
    this.reference = options.keepReference ? variables(weights, false) : undefined;
    this.optimizer = new EagerAdamW(this.weights);
  }

  async generate(request: GenerateRequest): Promise<Generation> {
    this.activate();
    return eagerGenerate(this.modelConfig, decoderWeights(this.weights), request);
  }

  async logProbs(rows: readonly ScoredRow[], which: 'policy' | 'reference'): Promise<TokenStatistics[]> {
    const weights = which === 'policy' ? this.weights : this.reference;
    if (weights === undefined)
      throw new SuperRlError('internal', 'The engine keeps no reference weights (keepReference).');
    this.activate();
    checkScoredRows(this.modelConfig, rows);
    const statistics = emptyStatistics(rows);
    for (const batch of pack(rows, this.plan)) {
      const scores = tf.tidy(() => {
        const inputs = tensorsOf(scoreArrays(batch, rows));
        return batchScores(this.modelConfig, decoderWeights(weights), inputs, batch.shape).dataSync();
      });
      fillStatistics(statistics, batch, rows, Float32Array.from(scores));
    }
    return statistics;
  }

  async accumulate(form: LossForm, rows: readonly LossRow[]): Promise<Accumulated> {
    this.activate();
    checkLossRows(this.modelConfig, form, rows);
    const variant = { form, entropy: rows.some((row) => row.entropyWeight !== 0) };
    const statistics = emptyStatistics(rows);
    let loss = 0;
    for (const batch of pack(rows, this.plan)) {
      tf.tidy(() => {
        const inputs = tensorsOf({ ...scoreArrays(batch, rows), ...lossArrays(batch, rows) });
        const weights = decoderWeights(this.weights);
        const result = batchGradient(this.modelConfig, weights, this.weights, inputs, batch.shape, variant);
        for (const tokenLoss of result.losses.dataSync()) loss += tokenLoss;
        fillStatistics(statistics, batch, rows, Float32Array.from(result.scores.dataSync()));
        for (const [name, gradient] of result.gradients) this.add(name, gradient);
        for (const { name, ids, gradient } of result.rowGradients) {
          const rowsOfTable = this.weights.get(name)?.shape[0] ?? 0;
          this.add(name, tf.unsortedSegmentSum(gradient, tf.reshape(inputs[ids], [-1]) as tf.Tensor1D, rowsOfTable));
        }
        result.losses.dispose();
        result.scores.dispose();
      });
    }
    return { loss, rows: statistics };
  }

  async readGradients(): Promise<NamedTensors> {
    this.activate();
    for (const [name, weight] of this.weights) {
      if (!this.gradients.has(name)) this.gradients.set(name, tf.zerosLike(weight));
    }
    return readTensors(this.gradients);
  }

  clearGradients(): void {
    for (const gradient of this.gradients.values()) gradient.dispose();
    this.gradients.clear();
  }

  async update(settings: OptimizerSettings): Promise<UpdateResult> {
    this.activate();
    const result = this.optimizer.update(this.gradients, settings);
    this.clearGradients();
    return result;
  }

  async readWeights(): Promise<NamedTensors> {
    this.activate();
    return readTensors(this.weights);
  }

  readMergedWeights(): Promise<NamedTensors> {
    return this.readWeights();
  }

  async writeWeights(weights: NamedTensors): Promise<void> {
    checkWeights(this.modelConfig, weights);
    this.activate();
    tf.tidy(() => {
      for (const [name, { shape, data }] of weights) {
        this.weights.get(name)?.assign(tf.tensor(Float32Array.from(data), [...shape]));
      }
    });
  }

  async readOptimizerState(): Promise<OptimizerState> {
    this.activate();
    return this.optimizer.read();
  }

  async writeOptimizerState(state: OptimizerState): Promise<void> {
    this.activate();
    tf.tidy(() => this.optimizer.write(state));
  }

  resetOptimizer(): void {
    this.optimizer.reset();
  }

  async dispose(): Promise<void> {
    this.clearGradients();
    this.optimizer.reset();
    for (const weight of [...this.weights.values(), ...(this.reference?.values() ?? [])]) weight.dispose();
  }

  private activate(): void {
    void tf.setBackend(this.backend.name);
    if (tf.getBackend() !== this.backend.name) throw new Error(`The tfjs backend ${this.backend.name} did not start.`);
  }

  private add(name: string, gradient: Tensor): void {
    const sum = this.gradients.get(name);
    this.gradients.set(name, tf.keep(sum === undefined ? tf.clone(gradient) : tf.add(sum, gradient)));
    sum?.dispose();
  }
}

function decoderWeights(tensors: ReadonlyMap<string, Tensor>): DecoderWeights {
  return { tensors, adapters: new Map() };
}

function tensorsOf<Name extends string>(arrays: Record<Name, BatchArray>): Record<Name, Tensor> {
  const entries = Object.entries<BatchArray>(arrays).map(([name, { shape, data }]) => [
    name,
    tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
  ]);
  return Object.fromEntries(entries) as Record<Name, Tensor>;
}
