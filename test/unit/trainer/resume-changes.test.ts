// What --resume --set may change, and what it refuses with which words.
import { describe, expect, it } from 'vitest';
import { readRunConfig } from '../../../backend/method/config-checks';
import { methodNames, type RunFile } from '../../../backend/protocol/run-config';
import { changeOnResume, describeChanges } from '../../../backend/trainer/resume-changes';

function configOf(fields: Partial<RunFile> = {}) {
  const file = {
    name: 'tiny',
    model: 'model',
    data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
    traces: {},
    rewards: [{ name: 'ok', use: 'exact' }],
    budget: { steps: 6 },
    ...fields,
  };
  const { config } = readRunConfig(JSON.stringify(file), 'tiny.superrl.json');
  if (!config) throw new Error('no configuration');
  return config;
}

describe('changeOnResume', () => {
  it.each(methodNames)('changes how far a run of %s goes and nothing else', (method) => {
    const config = configOf({ method });
    const overrides = ['eval.every=5', 'checkpoint.every=10'];
    const { config: changed, changes } = changeOnResume(config, overrides);
    expect(changed).toEqual({
      ...config,
      eval: { ...config.eval, every: 5 },
      checkpoint: { ...config.checkpoint, every: 10 },
    });
    expect(describeChanges(changes)).toBe('eval.every 0 → 5, checkpoint.every 0 → 10');
  });

  it('takes limits of the budget that were not set', () => {
    const { config, changes } = changeOnResume(configOf(), [
      'budget.steps=12',
      'budget.minutes=2.5',
      'budget.tokens=100',
    ]);
    expect(config.budget).toEqual({ steps: 12, minutes: 2.5, tokens: 100 });
    expect(describeChanges(changes)).toBe(
      'budget.steps 6 → 12, budget.minutes not set → 2.5, budget.tokens not set → 100',
    );
  });

  it('takes smaller passes of an update', () => {
    const { config, changes } = changeOnResume(configOf(), ['update.microBatchTokens=512']);
    expect(config.update.microBatchTokens).toBe(512);
    expect(describeChanges(changes)).toBe('update.microBatchTokens not set → 512');
  });

  it('is no change when the value is what it was, or when nothing is set', () => {
    expect(changeOnResume(configOf(), ['budget.steps=6']).changes).toEqual([]);
    expect(changeOnResume(configOf(), []).config).toEqual(configOf());
  });

  it.each([
    ['rollout.k=4', {}],
    ['seed=2', {}],
    ['budget={"steps":9}', {}],
    ['rewards[0].weight=2', {}],
  ])('refuses %s', (override, fields) => {
    expect(() => changeOnResume(configOf(fields), [override])).toThrow(
      `--set ${override}: a run goes on with the configuration that made its steps so far. With --resume only budget.steps, ` +
        'budget.minutes, budget.tokens, eval.every, checkpoint.every and update.microBatchTokens can be changed; for anything else start a new run.',
    );
  });

  it.each<[string, Partial<RunFile>]>([
    ['update.schedule "cosine"', { update: { schedule: 'cosine' } }],
    ['hybrid.lambdaSchedule "linear"', { method: 'hpt', hybrid: { mix: 'fixed', lambdaSchedule: 'linear' } }],
    ['sft.share 0.3 of method sft-then-rl', { method: 'sft-then-rl' }],
  ])('refuses another budget where %s runs over it', (schedule, fields) => {
    expect(() => changeOnResume(configOf(fields), ['budget.steps=12'])).toThrow(
      `--set budget.steps=12: ${schedule} runs over the whole budget, so with another budget the steps that are done ` +
        'would have been others. Start a new run.',
    );
    expect(changeOnResume(configOf(fields), ['eval.every=2']).changes).toHaveLength(1);
  });

  it.each([
    ['budget.steps=0', /^--set budget\.steps=0: /],
    ['budget.minutes=soon', /^--set budget\.minutes=soon: /],
    ['eval.every=-1', /^--set eval\.every=-1: /],
  ])('refuses a value that can’t be: %s', (override, message) => {
    expect(() => changeOnResume(configOf(), [override])).toThrow(message);
  });

  it('refuses evaluations without held-out data', () => {
    expect(() => changeOnResume(configOf({ data: { train: 'train.jsonl' } }), ['eval.every=5'])).toThrow(/data\.eval/);
  });
});
