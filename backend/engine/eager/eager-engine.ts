// An engine that runs the tensor code eagerly on a tfjs backend: "reference" on tfjs-backend-cpu for tests, and the
// form that a native TensorFlow backend takes. Each call activates its backend first and runs synchronously, since
// tfjs has one active backend in a process. Under LoRA the base is constant and only the adapters are variables.
import type { ModelConfig } from '../../model/model-config';
import type { NamedTensor, NamedTensors } from '../../model/named-tensors';
import { errorText, SuperRlError } from '../../protocol/errors';
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
import { type AdapterNames, adapterNames, adapterShapes, checkAdapters, initialAdapters } from '../lora';
import { checkWeights } from '../model-weights';
import { type BatchShape, pack } from '../packing';
import { batchGradient, batchScores } from '../tensor/batch-gradient';
import { type Adapter, type DecoderWeights, mergedWeight } from '../tensor/decoder-model';
import { type Tensor, tf } from '../tensor/tfjs';
import { emptyStatistics, fillStatistics } from '../token-statistics';
import { readTensors, variables } from './device-tensors';
import { EagerAdamW } from './eager-adamw';

/** What tells one eager engine from another. */
export interface EagerBackend {
  /** Name of a registered tfjs backend that starts synchronously. */
  readonly name: string;
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
  /** Runs on the active backend. */
  generate(weights: DecoderWeights, request: GenerateRequest): Generation;
  /** Gives back what generation keeps. */
  dispose?(): void;
}

export class EagerEngine implements Engine {
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
  /** The model's weights; constants under LoRA. */
  private readonly base: Map<string, tf.Variable>;
  private readonly adapters: ReadonlyMap<string, AdapterNames>;
  /** What is trained: the model's weights, or the adapters' tensors. */
  private readonly trainable: Map<string, tf.Variable>;
  private readonly policy: DecoderWeights;
  private readonly reference: DecoderWeights | undefined;
  private readonly gradients = new Map<string, Tensor>();
  private readonly optimizer: EagerAdamW;

  constructor(
    private readonly backend: EagerBackend,
    readonly modelConfig: ModelConfig,
    weights: NamedTensors,
    private readonly options: EngineOptions,
  ) {
    checkWeights(modelConfig, weights);
    this.description = backend.description;
    this.plan = { ...backend.plan, ...options.plan };
    this.activate();
    const { lora } = options;
    this.base = variables(weights, lora === 'off');
    this.trainable = lora === 'off' ? this.base : variables(initialAdapters(modelConfig, options), true);
    this.adapters = adapterNames(modelConfig, lora);
    this.policy = { tensors: this.base, adapters: this.adapterTensors() };
    if (options.keepReference) {
      // The frozen base is what the adapters' policy started from.
      this.reference = { tensors: lora === 'off' ? variables(weights, false) : this.base, adapters: new Map() };
    }
    this.optimizer = new EagerAdamW(this.trainable);
  }

  async generate(request: GenerateRequest): Promise<Generation> {
    return this.computing('Generation', 'start a new run with a lower "rollout.maxNewTokens"', () =>
      this.backend.generate(this.policy, request),
    );
  }

  async logProbs(rows: readonly ScoredRow[], which: 'policy' | 'reference'): Promise<TokenStatistics[]> {
    const weights = which === 'policy' ? this.policy : this.reference;
    if (weights === undefined)
      throw new SuperRlError('internal', 'The engine keeps no reference weights (keepReference).');
    checkScoredRows(this.modelConfig, rows);
    const statistics = emptyStatistics(rows);
    for (const batch of pack(rows, this.plan)) {
      const scores = this.computing('Scoring', this.smallerPass(batch.shape, true), () =>
        tf.tidy(() => {
          const inputs = tensorsOf(scoreArrays(batch, rows));
          return batchScores(this.modelConfig, weights, inputs, batch.shape).dataSync();
        }),
      );
      fillStatistics(statistics, batch, rows, Float32Array.from(scores));
    }
    return statistics;
  }

  async accumulate(form: LossForm, rows: readonly LossRow[]): Promise<Accumulated> {
    checkLossRows(this.modelConfig, form, rows);
    const variant = { form, entropy: rows.some((row) => row.entropyWeight !== 0) };
    const checkpointing = this.plan.gradientCheckpointing ?? false;
    const statistics = emptyStatistics(rows);
    let loss = 0;
    for (const batch of pack(rows, this.plan)) {
      this.computing('Training', this.smallerPass(batch.shape, checkpointing), () =>
        tf.tidy(() => {
          const inputs = tensorsOf({ ...scoreArrays(batch, rows), ...lossArrays(batch, rows) });
          const result = batchGradient(
            this.modelConfig,
            this.policy,
            this.trainable,
            inputs,
            batch.shape,
            variant,
            checkpointing,
          );
          for (const tokenLoss of result.losses.dataSync()) loss += tokenLoss;
          fillStatistics(statistics, batch, rows, Float32Array.from(result.scores.dataSync()));
          for (const [name, gradient] of result.gradients) this.add(name, gradient);
          for (const { name, ids, gradient } of result.rowGradients) {
            const rowsOfTable = this.base.get(name)?.shape[0] ?? 0;
            this.add(name, tf.unsortedSegmentSum(gradient, tf.reshape(inputs[ids], [-1]) as tf.Tensor1D, rowsOfTable));
          }
          result.losses.dispose();
          result.scores.dispose();
        }),
      );
    }
    return { loss, rows: statistics };
  }

  async readGradients(): Promise<NamedTensors> {
    this.activate();
    for (const [name, weight] of this.trainable) {
      if (!this.gradients.has(name)) this.gradients.set(name, tf.zerosLike(weight));
    }
    return readTensors(this.gradients);
  }

  clearGradients(): void {
    for (const gradient of this.gradients.values()) gradient.dispose();
    this.gradients.clear();
  }

  async update(settings: OptimizerSettings): Promise<UpdateResult> {
    const result = this.computing('The update', 'start a new run with adapters ("lora") or a smaller model', () =>
      this.optimizer.update(this.gradients, settings),
    );
    this.clearGradients();
    return result;
  }

  async readWeights(): Promise<NamedTensors> {
    this.activate();
    return readTensors(this.trainable);
  }

  async readMergedWeights(): Promise<NamedTensors> {
    this.activate();
    const merged = [...this.base.keys()].map((name): [string, NamedTensor] => {
      const data = tf.tidy(() => Float32Array.from(mergedWeight(this.policy, name).dataSync()));
      return [name, { shape: [...(this.base.get(name)?.shape ?? [])], data }];
    });
    return new Map(merged);
  }

  async writeWeights(weights: NamedTensors): Promise<void> {
    const { lora } = this.options;
    if (lora === 'off') checkWeights(this.modelConfig, weights);
    else checkAdapters(adapterShapes(this.modelConfig, lora), weights);
    this.activate();
    tf.tidy(() => {
      for (const [name, { shape, data }] of weights) {
        this.trainable.get(name)?.assign(tf.tensor(Float32Array.from(data), [...shape]));
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
    this.activate();
    this.backend.dispose?.();
    this.clearGradients();
    this.optimizer.reset();
    const held = [this.base, this.trainable, this.reference?.tensors ?? new Map<string, Tensor>()];
    for (const tensor of new Set(held.flatMap((tensors) => [...tensors.values()]))) tensor.dispose();
  }

  private activate(): void {
    void tf.setBackend(this.backend.name);
    if (tf.getBackend() !== this.backend.name) throw new Error(`The tfjs backend ${this.backend.name} did not start.`);
  }

  /** Runs on the backend; what fails there says what was done and, where memory ran out, what to change. */
  private computing<T>(what: string, remedy: string, compute: () => T): T {
    this.activate();
    try {
      return compute();
    } catch (cause) {
      if (cause instanceof SuperRlError) throw cause;
      const text = errorText(cause);
      const outOfMemory = /\bOOM\b|out of memory|RESOURCE_EXHAUSTED/i.test(text);
      const said = outOfMemory
        ? `ran out of memory on the ${this.description.device}: ${remedy}. (${text})`
        : `failed: ${text}`;
      throw new SuperRlError('engine', `${what} ${said}`, { cause });
    }
  }

  /** What makes a pass like this one smaller; `lean`: it can't keep less for its gradients. */
  private smallerPass({ rows, rowTokens, tokens, prefixes, prefixTokens }: BatchShape, lean: boolean): string {
    // Where a shared prompt is most of a pass, fewer rows hardly make it smaller.
    const half = Math.floor(tokens / 2);
    const canBeHalved = rows > 1 && (prefixes === 0 || prefixTokens + rowTokens <= half);
    const remedies = [
      ...(canBeHalved ? [`go on with "--resume --set update.microBatchTokens=${half}"`] : []),
      ...(lean ? [] : ['start a new run with "update.gradientCheckpointing": true']),
    ];
    return remedies.join(', or ') || 'start a new run with a lower "rollout.maxNewTokens", or with shorter prompts';
  }

  private adapterTensors(): Map<string, Adapter> {
    const tensor = (name: string) => {
      const found = this.trainable.get(name);
      if (found === undefined) throw new Error(`The adapter tensor ${name} was not made.`);
      return found;
    };
    return new Map([...this.adapters].map(([name, { a, b, scale }]) => [name, { a: tensor(a), b: tensor(b), scale }]));
  }

  private add(name: string, gradient: Tensor): void {
    const sum = this.gradients.get(name);
    this.gradients.set(name, tf.keep(sum === undefined ? tf.clone(gradient) : tf.add(sum, gradient)));
    sum?.dispose();
  }
}

function tensorsOf<Arrays extends { readonly [Name in keyof Arrays]: BatchArray }>(
  arrays: Arrays,
): { readonly [Name in keyof Arrays]: Tensor } {
  const entries = Object.entries<BatchArray>(arrays).map(([name, { shape, data }]) => [
    name,
    tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
  ]);
  return Object.fromEntries(entries) as { readonly [Name in keyof Arrays]: Tensor };
}
