// The columns that a batched reward function gets: the dataset's own, a list each, and beside them the
// mapped answer as `answer` and `ground_truth` unless the dataset has columns of these names.
import type { RewardSample } from '../scorer';

export function columnsOf(samples: readonly RewardSample[]): Record<string, unknown[]> {
  const names = new Set(samples.flatMap((sample) => Object.keys(sample.row)));
  const column = (name: string) => samples.map((sample) => sample.row[name] ?? null);
  const answers = samples.map((sample) => sample.answer ?? null);
  return {
    answer: answers,
    ground_truth: answers,
    ...Object.fromEntries([...names].map((name) => [name, column(name)])),
  };
}
