// From a run file to a run: what is opened, what a person is told, and every mistake that is found on the way.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { RunFile } from '../../../backend/protocol/run-config';
import { prepareRun } from '../../../backend/trainer/prepare-run';
import { RunControl } from '../../../backend/trainer/run-control';
import { trainRun } from '../../../backend/trainer/train-run';
import { TinyTask } from './tiny-task';

const task = new TinyTask();
afterAll(() => task.remove());
const checkpoint = fileURLToPath(new URL('../../golden/models/llama-tied', import.meta.url));

async function prepared(fields: Partial<RunFile> = {}, overrides: string[] = []) {
  const run = await prepareRun({ runFile: task.runFile(fields), overrides });
  await run.scorer.close();
  await run.close();
  return run;
}

describe('prepareRun', () => {
  it('opens a model from scratch with a tokenizer of the run’s own texts', async () => {
    const run = await prepared({}, ['rollout.k=6', 'update.microBatchTokens=96']);
    expect(run.config.rollout.k).toBe(6);
    expect(run.config.update.learningRate).toBe(1e-2);
    expect(run.engine.plan.microBatchTokens).toBe(96);
    expect(run.tokenizer.decode(run.tokenizer.encode('07>70\n'))).toBe('07>70\n');
    expect(run.train.length).toBe(80);
    expect(run.heldOut).toBeUndefined();
    expect(run.notes).toEqual([{ level: 'info', message: '80 of 80 prompts have a demonstration (80 in all).' }]);
    // The rest of the sentence depends on what this machine was set up with.
    expect(run.engineReason).toMatch(/embedded engine "onnx"/);
  });

  it('goes on with the plan that a run began with, but for smaller passes asked for on resume', async () => {
    const first = await prepared({}, ['update.microBatchTokens=96']);
    const goOn = async (microBatchTokens: number | undefined) => {
      const config = { ...first.config, update: { ...first.config.update, microBatchTokens } };
      const stored = {
        config,
        engine: first.engine.description.engine,
        plan: { ...first.engine.plan, tokenBucket: 7 },
      };
      const run = await prepareRun({ runFile: task.runFile(), overrides: [], stored });
      await run.scorer.close();
      await run.close();
      return run.engine.plan;
    };
    expect(await goOn(undefined)).toEqual({ ...first.engine.plan, tokenBucket: 7 });
    expect(await goOn(48)).toEqual({ ...first.engine.plan, tokenBucket: 7, microBatchTokens: 48 });
  });

  it('gives equal weights for equal seeds, others for others', async () => {
    const weights = async (seed: number) => {
      const run = await prepareRun({ runFile: task.runFile({ seed }), overrides: [] });
      const found = (await run.engine.readWeights()).get('model.embed_tokens.weight')?.data.slice();
      await run.scorer.close();
      await run.close();
      return found;
    };
    expect(await weights(1)).toEqual(await weights(1));
    expect(await weights(2)).not.toEqual(await weights(1));
  });

  it('opens a checkpoint with its own tokenizer and learning rates', async () => {
    const run = await prepared({ model: checkpoint, update: {} });
    expect(run.config.update.learningRate).toBe(1e-6);
    expect(run.config.sft.learningRate).toBe(1e-5);
    expect(run.engine.modelConfig.architecture).toBe('llama');
  });

  it('tells of rows that are left out and of prompts without a demonstration', async () => {
    const rows = [
      '{"prompt":"12>","answer":"21","trace":"21"}',
      '{"prompt":"","answer":"0"}',
      '{"prompt":"34>","answer":"43"}',
    ];
    writeFileSync(join(task.folder, 'bad.jsonl'), `${rows.join('\n')}\n`);
    const { notes } = await prepared({ data: { train: 'bad.jsonl' } });
    expect(notes).toEqual([
      {
        level: 'warning',
        message: expect.stringMatching(/^1 of 3 rows of .*bad\.jsonl are left out: 1 empty prompt\.$/),
      },
      { level: 'warning', message: '1 of 2 prompts have a demonstration (1 in all).' },
    ]);
  });

  it('names held-out prompts that are trained on', async () => {
    const { notes } = await prepared({ data: { train: 'train.jsonl', eval: 'train.jsonl' }, eval: { every: 5 } });
    expect(notes[0]).toEqual({
      level: 'warning',
      message: expect.stringMatching(
        /^80 of 80 held-out prompts are also in the training data, so what is measured on them is memory \(\S.*train\.jsonl:1 is .*, and 77 more\)\./,
      ),
    });
  });

  it('warns of demonstrations that are too long', async () => {
    const rows = ['{"prompt":"12>","answer":"21","trace":"21"}', '{"prompt":"34>","answer":"43","trace":"3434343"}'];
    writeFileSync(join(task.folder, 'long.jsonl'), `${rows.join('\n')}\n`);
    const { notes } = await prepared({ data: { train: 'long.jsonl' } });
    expect(notes.map(({ message }) => message)).toContain('1 demonstration is longer than rollout.maxNewTokens.');
  });

  it.each<[string, Partial<RunFile>, RegExp]>([
    ['a configuration that can’t be', { budget: {} }, /The run has no end\. Give budget\.steps/],
    ['a dataset that is not there', { data: { train: 'none.jsonl' } }, /none\.jsonl/],
    [
      'a held-out set that is not there',
      { data: { train: 'train.jsonl', eval: 'none.jsonl' }, eval: { every: 5 } },
      /none\.jsonl/,
    ],
    ['a model that is not there', { model: './nowhere' }, /nowhere/],
    [
      'no room for a prompt in a checkpoint’s context',
      { model: checkpoint, rollout: { maxNewTokens: 100_000 } },
      /rollout\.maxNewTokens \(100000\) leaves no room for a prompt in the model's context of \d+ tokens\. Lower it\./,
    ],
    ['a reward file that is not there', { rewards: [{ name: 'own', file: 'own.reward.ts' }] }, /own\.reward\.ts/],
  ])('refuses %s', async (_, fields, message) => {
    await expect(prepared(fields)).rejects.toThrow(message);
  });

  it('refuses a run file that can’t be read', async () => {
    await expect(prepareRun({ runFile: join(task.folder, 'none.superrl.json'), overrides: [] })).rejects.toThrow(
      /There is no file .*none\.superrl\.json\. Give a run file \(NAME\.superrl\.json\), or a run folder\./,
    );
  });

  it('refuses a tokenizer with more tokens than the model', async () => {
    const folder = join(task.folder, 'mismatch');
    cpSync(checkpoint, folder, { recursive: true });
    const file = join(folder, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(file, 'utf8'));
    tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0], id: 9999, content: '<|extra|>' });
    writeFileSync(file, JSON.stringify(tokenizer));
    await expect(prepared({ model: folder })).rejects.toThrow(
      /The tokenizer has \d+ tokens but the model only \d+: they do not belong together\. Use the tokenizer files of this model\./,
    );
  });
});

describe('trainRun', () => {
  const hooks = () => ({ control: new RunControl(), onOpened: () => {} });

  it('refuses to change the configuration of a run on resume', async () => {
    const { folder } = await task.train({ budget: { steps: 1 } });
    const start = { kind: 'start' as const, runFile: task.runFile(), overrides: ['rollout.k=2'], resume: folder };
    await expect(trainRun(start, hooks())).rejects.toThrow(
      '--set rollout.k=2: a run goes on with the configuration that made its steps so far.',
    );
  });

  it('refuses to resume what is no run', async () => {
    const start = { kind: 'start' as const, runFile: task.runFile(), overrides: [], resume: task.folder };
    await expect(trainRun(start, hooks())).rejects.toThrow(/is not a run folder: it has no run\.json/);
  });
});
