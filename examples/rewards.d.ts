// Types of user rewards, for hints in the editor: import type { RewardSample } from '../rewards';
// in JavaScript: /** @type {import('../rewards').Reward} */. Type imports are stripped, so the file need
// not be there when a run starts.

/** What a reward function gets for one completion. */
export interface RewardSample {
  /** The prompt as the model saw it. */
  readonly prompt: string;
  /** The completion's text without its ending. */
  readonly completion: string;
  /** The answer that the run's mapping found in the row. */
  readonly answer: unknown;
  /** All columns of the dataset row. */
  readonly row: Readonly<Record<string, unknown>>;
  /** Which prompt of the step (index), and which of its completions. */
  readonly group: { readonly index: number; readonly completion: number; readonly size: number };
  readonly tokenIds: readonly number[];
}

/** A score, null for "does not apply", or a score with details that are stored with the sample. */
export type RewardScore = number | null | { readonly score: number | null; readonly [detail: string]: unknown };

/** Called once a completion. */
export type Reward = (sample: RewardSample) => RewardScore | Promise<RewardScore>;

/** Called once a step; every array has one entry a completion. */
export type BatchedReward = (
  prompts: readonly string[],
  completions: readonly string[],
  columns: Readonly<Record<string, readonly unknown[]>>,
) => readonly (RewardScore | Promise<RewardScore>)[] | Promise<readonly RewardScore[]>;
