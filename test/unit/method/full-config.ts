// A complete, valid run configuration for tests, with changes by dotted path.
import { readRunConfig } from '../../../backend/method/config-checks';
import type { RunConfig } from '../../../backend/protocol/run-config';

export const runFileText = JSON.stringify({
  name: 'test',
  model: { scratch: {} },
  data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
  traces: {},
  rewards: [{ name: 'answer', use: 'exact' }],
  rollout: { maxNewTokens: 12 },
  budget: { steps: 10 },
});

/** @param overrides as --set takes them, for example "method=hpt" */
export function fullConfig(...overrides: string[]): RunConfig {
  const { config, problems } = readRunConfig(runFileText, 'test.superrl.json', overrides);
  if (!config) throw new Error(problems.map(({ message }) => message).join('\n'));
  return config;
}
