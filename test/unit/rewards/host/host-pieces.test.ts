// The host's pure pieces: what counts as a score, which function is meant, places in diagnostics and stacks.
import { describe, expect, it } from 'vitest';
import { placeInStack } from '../../../../backend/protocol/stack-place';
import { columnsOf } from '../../../../backend/rewards/host/batch-columns';
import { chooseExport, exportedFunctions, signatureOf } from '../../../../backend/rewards/host/exported-function';
import { packSamples, unpackSample } from '../../../../backend/rewards/host/packed-samples';
import { parseProcessTable, treeOf } from '../../../../backend/rewards/host/process-tree';
import { outcomeOfReturned, outcomesOfBatch } from '../../../../backend/rewards/host/returned-value';
import { readSyntaxDiagnostic } from '../../../../backend/rewards/host/syntax-diagnostic';

describe('returned values', () => {
  it('keeps details as plain JSON', () => {
    const details = { text: 'a', big: 10n, bad: Number.NaN, nested: { list: [1] } };
    expect(outcomeOfReturned({ score: 0.5, ...details })).toEqual({
      value: 0.5,
      details: { text: 'a', big: '10', bad: 'NaN', nested: { list: [1] } },
    });
    const circular: Record<string, unknown> = { score: 1 };
    circular.self = circular;
    expect(outcomeOfReturned(circular)).toMatchObject({ value: 1, details: { notStored: expect.anything() } });
    expect(outcomeOfReturned({ score: 1, text: 'x'.repeat(20_000) })).toMatchObject({
      details: { tooLong: expect.anything() },
    });
  });

  it('a score inside a score is no number', () => {
    expect(outcomeOfReturned({ score: { score: 1 } })).toMatchObject({ invalid: 'notANumber' });
    expect(outcomeOfReturned({ score: Number.NaN, why: 1 })).toMatchObject({ invalid: 'notFinite' });
  });

  it('a batch is judged entry by entry', () => {
    expect(outcomesOfBatch([1, null, 'x'], 3)).toMatchObject([
      { value: 1 },
      { value: null },
      { invalid: 'notANumber' },
    ]);
    expect(outcomesOfBatch(7, 2)).toMatchObject([{ invalid: 'notANumber' }, { invalid: 'notANumber' }]);
  });
});

describe('exports', () => {
  const one = () => 1;
  const two = (_prompts: unknown, _completions: unknown) => 2;
  const choose = (module: object, wanted?: string) => chooseExport(exportedFunctions(module), wanted);

  it('default, else the only one, else the one that is named', () => {
    expect(choose({ default: one, other: two })).toMatchObject({ name: 'default' });
    expect(choose({ other: two, constant: 3 })).toMatchObject({ name: 'other', function: two });
    expect(choose({ one, two }, 'two')).toMatchObject({ name: 'two', function: two });
    expect(choose({ default: { one } }, 'one')).toMatchObject({ name: 'one' });
  });

  it('the signature by counting parameters, unless stated', () => {
    expect([one, (_sample: unknown) => 1, two].map(signatureOf)).toEqual(['perCompletion', 'perCompletion', 'batched']);
    expect(signatureOf(Object.assign((..._all: unknown[]) => 1, { batched: true }))).toBe('batched');
    expect(signatureOf(Object.assign((_a: unknown, _b: unknown) => 1, { batched: false }))).toBe('perCompletion');
  });
});

it("columns: the dataset's own win over the mapped answer", () => {
  const sample = { prompt: '', completion: '', group: { index: 0, completion: 0, size: 1 }, tokenIds: [] };
  expect(
    columnsOf([
      { ...sample, answer: '72', row: { answer: 'so #### 72', extra: 1 } },
      { ...sample, answer: '5', row: {} },
    ]),
  ).toEqual({
    answer: ['so #### 72', null],
    ground_truth: ['72', '5'],
    extra: [1, null],
  });
});

describe('places', () => {
  it('of a syntax diagnostic', () => {
    const drawn = '  x Expression expected\n   ,-[11:1]\n 11 | \n 12 |   let x = ;\n    :           ^\n    `----\n';
    expect(readSyntaxDiagnostic(drawn)).toEqual({ message: 'Expression expected', line: 12, column: 11 });
    expect(readSyntaxDiagnostic('something else')).toEqual({ message: 'something else' });
  });

  it('of stacks on both platforms and in Python', () => {
    expect(placeInStack('Error: x\n    at f (/a b/c.ts:3:7)\n    at g (/a b/d.ts:1:1)')).toEqual({
      file: '/a b/c.ts',
      line: 3,
      column: 7,
    });
    expect(placeInStack('Error: x\n    at async C:\\a\\c.ts:3:7')).toEqual({ file: 'C:\\a\\c.ts', line: 3, column: 7 });
    expect(placeInStack('/a/c.mjs:2\nimport x\n       ^\nSyntaxError: no')).toEqual({ file: '/a/c.mjs', line: 2 });
    const python =
      'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f\n    g()\n  File "/a/c.py", line 9, in g\n    1/0\nZeroDivisionError: x';
    expect(placeInStack(python)).toEqual({ file: '/a/c.py', line: 9 });
    expect(placeInStack('nothing')).toBeUndefined();
  });
});

it('a process tree from a table, without the rest and without running in circles', () => {
  const table = parseProcessTable('  1 0 10\n 20 1 5\n 21 20 6\n22 21 7\n 30 1 100\nnonsense\n 0 0 3\n');
  expect(treeOf(20, table).map(({ pid, residentBytes }) => [pid, residentBytes])).toEqual([
    [20, 5120],
    [21, 6144],
    [22, 7168],
  ]);
  const circle = [
    { pid: 5, parent: 6, residentBytes: 1 },
    { pid: 6, parent: 5, residentBytes: 1 },
  ];
  expect(treeOf(5, circle)).toHaveLength(2);
});

describe('samples on their way to a host', () => {
  const row = { nums: [1, 2] };
  const made = (completion: string, index: number, group = 0) => ({
    ...{ prompt: `p${group}`, completion, answer: null, row, group: { index: group, completion: index, size: 2 } },
    tokenIds: [index],
  });

  it('come out as they went in, what a group has in common sent once', () => {
    const samples = [made('a', 0), made('b', 1), made('c', 0, 1)];
    const packed = packSamples(samples);
    expect(packed.common).toHaveLength(2);
    const sent = JSON.parse(JSON.stringify(packed)) as typeof packed;
    expect(samples.map((_, index) => unpackSample(sent, index))).toEqual(samples);
  });

  it('share nothing that a function could change for the next', () => {
    const packed = packSamples([made('a', 0), made('b', 1)]);
    (unpackSample(packed, 0).row.nums as number[]).reverse();
    expect(unpackSample(packed, 1).row).toEqual(row);
  });
});
