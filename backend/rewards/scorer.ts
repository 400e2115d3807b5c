// Scoring: every reward component of a run over a batch of completions.
import type { RewardOutcome } from '../protocol/sample';
import type { StoredReference, StoredScores } from './host/stored-samples';

/** What a reward function gets for one completion (documented for users in docs/rewards.md). */
export interface RewardSample {
  readonly prompt: string;
  /** The completion's text, ending removed. */
  readonly completion: string;
  readonly answer: unknown;
  /** All columns of the dataset row. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Which group of the step, and which completion of it. */
  readonly group: { readonly index: number; readonly completion: number; readonly size: number };
  /** Token ids of the completion, for TRL's completion_ids. */
  readonly tokenIds: readonly number[];
}

export interface Scorer {
  /** Names of the components in order. */
  readonly components: readonly {
    readonly name: string;
    readonly weight: number;
    readonly role: 'correctness' | 'shaping';
  }[];
  /** Outcomes [sample][component]; never throws for what a reward function does. */
  score(samples: readonly RewardSample[]): Promise<RewardOutcome[][]>;
  close(): Promise<void>;
}

/** A scorer of completions that a run has stored, too. */
export interface StoredScorer extends Scorer {
  /**
   * Outcomes of completions that a run has stored, of which nothing but numbers passes between processes. undefined: the
   * files aren't as the trainer writes them, or what scores isn't one function of the Node host alone.
   */
  scoreStored(stored: StoredReference): Promise<StoredScores | undefined>;
}
