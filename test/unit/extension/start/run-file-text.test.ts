// The run file that Start Training writes is one that the backend accepts, whatever was picked.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRunFile } from '../../../../backend/protocol/run-file';
import { type RunFileChoices, runFileText, runName, sequenceLengths } from '../../../../extension/start/run-file-text';

const choices: RunFileChoices = {
  name: 'train',
  train: 'train.jsonl',
  heldOut: 'heldout.jsonl',
  map: { prompt: '{nums}>{target}:' },
  traces: { map: { demonstration: 'trace' } },
  reward: { name: 'solved', file: 'countdown.reward.ts', export: 'solved' },
  model: { scratch: { hidden: 192, layers: 4, heads: 4, context: 96 } },
  lengths: { completion: 48, context: 96 },
};

function read(text: string) {
  const { parsed, problems } = parseRunFile(text, 'run.superrl.json');
  expect(problems).toEqual([]);
  return parsed!;
}

describe('the run file that is written', () => {
  it('holds what was picked', () => {
    const parsed = read(runFileText(choices));
    expect(parsed.method).toBe('superrl');
    expect(parsed.data).toMatchObject({ train: 'train.jsonl', eval: 'heldout.jsonl', map: choices.map });
    expect(parsed.traces).toMatchObject({ map: { demonstration: 'trace' } });
    expect(parsed.rewards[0]).toMatchObject(choices.reward);
    expect(parsed.model).toMatchObject(choices.model as object);
    expect(parsed.rollout.maxNewTokens).toBe(48);
    expect(parsed.budget).toEqual({ minutes: 10 });
    expect(parsed.eval.every).toBe(50);
  });

  it('is plain rl without traces, evaluates only what is there, and gives a pretrained model steps', () => {
    const parsed = read(runFileText({ ...choices, traces: undefined, heldOut: undefined, model: '../models/small' }));
    expect(parsed.method).toBe('rl');
    expect(parsed.eval.every).toBe(0);
    expect(parsed.budget).toEqual({ steps: 200 });
  });

  it('explains itself in comments', () => {
    expect(runFileText(choices).match(/^ {2}\/\/ /gm)?.length).toBeGreaterThan(5);
  });

  it('is accepted for any file name and any length', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(5000), fc.nat(5000), (file, prompt, trace) => {
        const example = { prompt: 'x'.repeat(prompt), demonstrations: ['y'.repeat(trace)] };
        const lengths = sequenceLengths([example], 1);
        const model = { scratch: { context: lengths.context } };
        read(runFileText({ ...choices, name: runName(file), train: file, model, lengths }));
      }),
    );
  });
});

describe('lengths from the rows of the preview', () => {
  it('leave a quarter to spare and room for both', () => {
    const lengths = sequenceLengths([{ prompt: 'p'.repeat(40), demonstrations: ['d'.repeat(100)] }], 1);
    expect(lengths).toEqual({ completion: 128, context: 64 + 128 + 16 });
  });

  it('count fewer tokens than characters for a pretrained tokenizer', () => {
    expect(sequenceLengths([{ prompt: '', demonstrations: ['d'.repeat(300)] }], 3).completion).toBe(128);
  });
});

describe('the name of a run', () => {
  it('is the file’s without its endings, in letters that a folder may have', () => {
    expect(runName('my data (1).jsonl.gz')).toBe('my-data-1-');
    expect(runName('.parquet')).toBe('run');
  });
});
