// What the trainer asks of the run folder: append an event (written first, told afterwards), store samples
// and checkpoints. The trainer knows nothing else of files.
import type { OptimizerState } from '../engine/engine';
import type { ModelConfig } from '../model/model-config';
import type { NamedTensors } from '../model/named-tensors';
import type { PeftAdapters } from '../model/peft';
import type { Tokenizer } from '../model/tokenizer';
import type { EventData, EventType } from '../protocol/events';
import type { SampleLine } from '../protocol/sample';
import type { TrainerState } from './trainer-state';

/** A checkpoint's whole content. */
export interface CheckpointContents {
  readonly state: TrainerState;
  readonly modelConfig: ModelConfig;
  /** All weights in Hugging Face names, adapters merged: model.safetensors. */
  readonly weights: NamedTensors;
  /** Under LoRA: the adapters alone, needed to go on training; PEFT opens them too. */
  readonly adapters?: PeftAdapters & {
    /** What they were trained on, as the run file names it; null for a model from scratch. */
    readonly baseModel: string | null;
  };
  readonly optimizer: OptimizerState;
  /** Its files are stored beside the weights. */
  readonly tokenizer: Tokenizer;
  /** This one has the best evaluation so far: kept besides the newest. */
  readonly best: boolean;
}

/** A checkpoint as read back for resuming. */
export interface StoredCheckpoint {
  readonly path: string;
  readonly state: TrainerState;
  readonly weights: NamedTensors;
  readonly adapters?: NamedTensors;
  readonly optimizer: OptimizerState;
}

export interface RunLedger {
  /** Absolute path of the run's folder. */
  readonly folder: string;
  /** Resolves when the event is on disk; listeners hear of it only then. */
  append<T extends EventType>(type: T, data: EventData<T>): Promise<void>;
  /** Writes the whole sample file of a step, replacing one of an earlier attempt at that step. */
  writeSamples(step: number, lines: readonly SampleLine[]): Promise<void>;
  /** The sample file of a step, if an interrupted run has left one: its rewards are reused. */
  readSamples(step: number): Promise<readonly SampleLine[] | undefined>;
  /** Writes atomically, then deletes all but the newest `keep` and the best. Path is relative to the folder. */
  saveCheckpoint(
    contents: CheckpointContents,
    keep: number,
  ): Promise<{ readonly path: string; readonly bytes: number }>;
  /** The newest complete checkpoint; undefined when there is none. */
  newestCheckpoint(): Promise<StoredCheckpoint | undefined>;
  writeSummary(summary: Readonly<Record<string, unknown>>): Promise<void>;
}
