// The whole trainer on the real engine: a small task is learned, methods differ as they should, the gate does not
// depend on the batch, and what was left out of the passes changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../backend/model/load-model';
import { readRunRecord, readSummary } from '../../../backend/trainer/run-folder/run-json';
import { decisionsOf, metricOf, TinyTask, tokensOf } from './tiny-task';

const task = new TinyTask();
afterAll(() => task.remove());

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('a small task', () => {
  const rollout = { promptsPerStep: 16, k: 4, maxNewTokens: 4, stop: ['\n'] };
  const evaluation = { every: 1000, prompts: 20, samples: 4, k: [1, 4] };

  it('is learned by SuperRL: first from demonstrations, then by policy gradient', async () => {
    const { folder, events } = await task.train({ rollout, budget: { steps: 150 }, eval: evaluation });
    const [before, after] = events.flatMap((event) => (event.type === 'evaluation' ? [event.data.values] : []));
    expect(before?.['eval/greedy']).toBeLessThan(0.2);
    expect(after?.['eval/greedy']).toBeGreaterThanOrEqual(0.8);
    const sftShare = metricOf(events, 'switch/sft_frac');
    expect(mean(sftShare.slice(0, 10))).toBeGreaterThan(0.8);
    expect(mean(sftShare.slice(-10))).toBeLessThan(0.3);
    expect(mean(metricOf(events, 'reward').slice(-10))).toBeGreaterThan(0.6);
    // What it leaves behind opens as a model and says how it went.
    expect(readSummary(folder)).toMatchObject({ state: 'finished', step: 150, counts: { groups: 150 * 16 } });
    expect(readRunRecord(folder).plan.threads).toBeGreaterThan(0);
    expect((await loadModel(join(folder, 'checkpoints', 'step-000150'))).config.hiddenSize).toBe(32);
    expect(existsSync(join(folder, 'run.lock'))).toBe(false);
  });

  it('gives plain RL nothing to learn from', async () => {
    const { events } = await task.train({
      method: 'rl',
      rollout,
      budget: { steps: 30 },
      update: { learningRate: 1e-3 },
    });
    expect(mean(metricOf(events, 'reward'))).toBeLessThan(0.05);
    expect(mean(metricOf(events, 'switch/no_signal_frac'))).toBeGreaterThan(0.8);
  });
});

describe('the step', () => {
  it('decides a prompt alike in a batch of any size', async () => {
    const first = async (promptsPerStep: number) => {
      const { folder, events } = await task.train({
        rollout: { promptsPerStep, k: 4, maxNewTokens: 4, stop: ['\n'] },
        budget: { steps: 1 },
      });
      return { decisions: decisionsOf(events).slice(0, 4), tokens: tokensOf(folder, 1).slice(0, 16) };
    };
    const [small, large] = [await first(4), await first(24)];
    expect(small.decisions).toHaveLength(4);
    expect(small).toEqual(large);
  });

  it.each(['grpo', 'dapo', 'dr_grpo', 'cispo'] as const)(
    '%s: micro-batches of any size and dropped zero rows give the same weights',
    async (type) => {
      const weights = async (microBatchTokens: number, dropZeroRows: boolean) => {
        const { folder } = await task.train({
          loss: { type },
          hybrid: { mix: 'fixed', lambda: 0.5 },
          update: { learningRate: 1e-2, epsilon: 1e-2, microBatchTokens, dropZeroRows },
          budget: { steps: 3 },
        });
        return (await loadModel(join(folder, 'checkpoints', 'step-000003'))).weights;
      };
      const [whole, split, all] = [await weights(4096, true), await weights(16, true), await weights(4096, false)];
      for (const [name, { data }] of whole) {
        for (const other of [split, all]) {
          const others = other.get(name)?.data ?? new Float32Array();
          const largest = data.reduce(
            (most, value, index) => Math.max(most, Math.abs(value - (others[index] ?? Number.NaN))),
            0,
          );
          expect(largest).toBeLessThan(2e-5);
        }
      }
    },
  );

  it('keeps decisions, rewards and tokens of every completion, enough to score them again', async () => {
    const { folder } = await task.train({ budget: { steps: 2 } });
    const lines = readFileSync(join(folder, 'samples', 'step-000002.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const [group, completion] = lines.map((line) => JSON.parse(line));
    expect(lines).toHaveLength(8 * 5);
    expect(group).toMatchObject({ kind: 'group', step: 2, columns: { prompt: group.question }, decision: { k: 4 } });
    expect(group.demonstrations).toEqual([group.answer]);
    expect(completion.rewards.reversed.value).toBe(completion.text === group.answer ? 1 : 0);
  });
});
