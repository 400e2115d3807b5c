// Which files are offered as data, which held-out file goes with a dataset, which reward with a layout.
import { describe, expect, it } from 'vitest';
import { heldOutBeside, mayBeData, rewardsFor } from '../../../../extension/start/data-candidates';

describe('files that may be data', () => {
  it('are not configuration files', () => {
    const files = ['package.json', 'a/tsconfig.base.json', 'm/tokenizer.json', 'x.superrl.json', 'f.reward.json'];
    expect(files.filter(mayBeData)).toEqual([]);
    expect(['a/train.json', 'b\\data.jsonl', 'configs.jsonl', 'p.parquet'].every(mayBeData)).toBe(true);
  });
});

describe('the held-out file', () => {
  it('is one beside the dataset, named so, of the same format', () => {
    expect(heldOutBeside('train.jsonl', ['notes.md', 'heldout.parquet', 'test.jsonl'])).toBe('test.jsonl');
    expect(heldOutBeside('gsm8k_train.jsonl', ['gsm8k_test.jsonl'])).toBe('gsm8k_test.jsonl');
    expect(heldOutBeside('train.jsonl', ['latest.jsonl', 'contest.jsonl'])).toBeUndefined();
  });

  it('is none when the dataset itself is one', () => {
    expect(heldOutBeside('test.jsonl', ['eval.jsonl'])).toBeUndefined();
  });
});

describe('rewards', () => {
  it('begin with the one that the layout’s answers are made for', () => {
    expect(rewardsFor('gsm8k')[0]).toBe('gsm8k');
    expect(rewardsFor('math')[0]).toBe('boxed');
    expect(rewardsFor(undefined)).toEqual(['exact', 'gsm8k', 'boxed', 'countdown']);
  });
});
