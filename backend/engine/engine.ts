// The one interface between the method and tensors. The trainer knows nothing else of an engine, and a
// second engine is another implementation of this file's types. All token ids are full-vocabulary ids;
// log-probabilities are natural logarithms of softmax(logits / temperature) over the full vocabulary.

import type { LossForm } from '../method/loss-form';
import type { ModelConfig } from '../model/model-config';
import type { NamedTensors } from '../model/named-tensors';

export interface EngineDescription {
  readonly engine: 'onnx' | 'tensorflow' | 'reference';
  /** For example "CPU, 2 threads" or "NVIDIA H100". */
  readonly device: string;
  readonly versions: Readonly<Record<string, string>>;
  /** Bit-equal resume on the same machine, versions and threads. */
  readonly deterministic: boolean;
}

/** Choices of speed that change the last bits: taken once, stored in run.json, given back on resume. */
export interface EnginePlan {
  readonly threads: number;
  /** Tokens of one micro-batch, padding included. */
  readonly microBatchTokens: number;
  /** Sequence lengths are padded to a multiple of this. */
  readonly tokenBucket: number;
  /** Whether decoding sessions hold the weights as initialisers (rebuilt after an update) or take them as inputs. */
  readonly decodeWeights: 'initializers' | 'inputs';
  /** The backward pass computes each layer again instead of keeping its results; absent: it keeps them. */
  readonly gradientCheckpointing?: boolean | undefined;
  /** Whether rows that go on from one prompt share its computation; absent: where it saves some. */
  readonly sharePrompts?: boolean | undefined;
  /** Where the engine "onnx" runs its training graphs; absent: on the CPU. Decoding is on the CPU always. */
  readonly provider?: 'cpu' | 'webgpu' | undefined;
}

export interface EngineOptions {
  readonly plan?: Partial<EnginePlan>;
  /** Keep a frozen copy of the loaded weights for `logProbs(rows, 'reference')` (needed for KL). */
  readonly keepReference: boolean;
  readonly lora: 'off' | { readonly rank: number; readonly alpha: number; readonly targets: readonly string[] };
  /** Seed for initialising adapters. */
  readonly seed: number;
}

/** One prompt with the completions wanted of it; the prompt is prefilled once for all of them. */
export interface GenerateGroup {
  readonly promptIds: Int32Array;
  readonly completions: number;
}

export interface GenerateRequest {
  readonly groups: readonly GenerateGroup[];
  readonly maxNewTokens: number;
  /** Ignored when greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly greedy: boolean;
  readonly eosIds: readonly number[];
  /** Made once a completion; called with each new token id, true when a stop string is now complete. */
  readonly stopMatcher: (() => (tokenId: number) => boolean) | undefined;
  /** The uniform number in [0, 1) for a token of a completion of a group (all 0-based), counter-based. */
  readonly uniform: (group: number, completion: number, token: number) => number;
  /** Called about once a decoding step; a throw ends the generation. */
  readonly onToken?: (generatedTokens: number) => void;
}

export interface GeneratedCompletion {
  /** Includes the EOS or the tokens that complete the stop string. */
  readonly tokenIds: Int32Array;
  /** Of the sampled tokens under π_T, by the decoder: for display only, never for losses. */
  readonly logProbs: Float32Array;
  /** Entropy of π_T at each token (nats), by the decoder. */
  readonly entropies: Float32Array;
  readonly stopReason: 'eos' | 'stop' | 'length';
}

export interface Generation {
  /** [group][completion] */
  readonly completions: GeneratedCompletion[][];
  readonly prefilledTokens: number;
  readonly generatedTokens: number;
}

/** A sequence whose completion tokens' log-probabilities are wanted. */
export interface ScoredRow {
  /** Prompt and completion, [tokens]. */
  readonly tokenIds: Int32Array;
  /** Length of the prompt; tokens from here on are scored. */
  readonly promptLength: number;
  readonly temperature: number;
}

/**
 * A row of a micro-batch. The weights hold all denominators of the whole optimiser step, so that any split
 * into micro-batches gives the same gradient (accumulation invariance, METHOD.md):
 * loss = Σ_rows Σ_completion tokens [ pgWeight·ℓ_t − sftWeight·log π − entropyWeight·H ].
 */
export interface LossRow extends ScoredRow {
  readonly pgWeight: number;
  readonly sftWeight: number;
  readonly entropyWeight: number;
  readonly advantage: number;
  /** [completion tokens]; absent: on-policy, old := stopGradient(log π). */
  readonly oldLogProbs?: Float32Array;
  /** [completion tokens]; needed when klCoefficient > 0 and pgWeight ≠ 0. */
  readonly refLogProbs?: Float32Array;
}

export type { LossForm };

export interface TokenStatistics {
  /** Per completion token of the row, [completion tokens]. */
  readonly logProbs: Float32Array;
  readonly entropies: Float32Array;
}

export interface Accumulated {
  /** This micro-batch's share of the step's loss. */
  readonly loss: number;
  /** As the training graph saw them, in the order of the rows given. */
  readonly rows: readonly TokenStatistics[];
}

export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Applied to matrices only. */
  readonly weightDecay: number;
  readonly clipNorm: number | null;
}

export interface UpdateResult {
  /** Norm of the accumulated gradient before clipping. */
  readonly gradNorm: number;
  /** false: the gradient held NaN or Inf; nothing was changed. */
  readonly applied: boolean;
}

export interface OptimizerState {
  /** First and second moments by weight name. */
  readonly first: NamedTensors;
  readonly second: NamedTensors;
  readonly updates: number;
}

export interface Engine {
  readonly description: EngineDescription;
  readonly plan: EnginePlan;
  readonly modelConfig: ModelConfig;

  generate(request: GenerateRequest): Promise<Generation>;

  /** Forward pass of the training graph. Any number of rows; the engine splits them by its plan. */
  logProbs(rows: readonly ScoredRow[], weights: 'policy' | 'reference'): Promise<TokenStatistics[]>;

  /** Adds the gradient of these rows to the accumulated gradient. Any number of rows; splits by its plan. */
  accumulate(form: LossForm, rows: readonly LossRow[]): Promise<Accumulated>;

  /** The accumulated gradient by weight name (for tests and engine agreement). */
  readGradients(): Promise<NamedTensors>;

  /** Discards the accumulated gradient. */
  clearGradients(): void;

  /** One AdamW step on the accumulated gradient, which is then cleared. */
  update(settings: OptimizerSettings): Promise<UpdateResult>;

  /** Trainable weights: all of them, or the adapters (PEFT names) under LoRA. */
  readWeights(): Promise<NamedTensors>;
  /** All weights in Hugging Face names, adapters merged. */
  readMergedWeights(): Promise<NamedTensors>;
  writeWeights(weights: NamedTensors): Promise<void>;

  readOptimizerState(): Promise<OptimizerState>;
  writeOptimizerState(state: OptimizerState): Promise<void>;
  resetOptimizer(): void;

  dispose(): Promise<void>;
}
