// User rewards in Python in a real host: both signatures and every way to go wrong. Needs python3 on the PATH.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placeInStack } from '../../../backend/protocol/stack-place';
import { RewardWorkbench, sample } from './bundled-hosts';

const command = process.platform === 'win32' ? 'python' : 'python3';
const hasPython = spawnSync(command, ['--version']).status === 0;

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

const letters = ['a', 'b', 'c'].map((completion) => sample(completion));

describe.skipIf(!hasPython)('Python rewards', () => {
  it("TRL's signature gets lists and columns", async () => {
    bench.write(
      'trl.py',
      `def lengths(prompts, completions, completion_ids, **columns):
    print("columns", sorted(columns))
    return [len(c) + len(i) + e + float(g) for c, i, e, g in zip(completions, completion_ids, columns["extra"], columns["ground_truth"])]
`,
    );
    const samples = ['ab', 'c'].map((text, index) => sample(text, { row: { extra: index } }));
    expect(await bench.outcomes({ file: 'trl.py' }, samples)).toMatchObject([
      { value: 47, console: "columns ['answer', 'extra', 'ground_truth']\n" },
      { value: 47 },
    ]);
  });

  it('TRL: conversations where the dataset has them, None, bool, async, no **columns', async () => {
    bench.write(
      'conversation.py',
      `async def f(completions, prompts):
    assert prompts[0][0]["role"] == "user"
    return [None if c[0]["content"] == "skip" else c[0]["content"] == "yes" for c in completions]
`,
    );
    const row = { prompt: [{ role: 'user', content: 'hello' }] };
    const samples = ['yes', 'no', 'skip'].map((text) => sample(text, { row }));
    expect(await bench.outcomes({ file: 'conversation.py' }, samples)).toMatchObject([
      { value: 1 },
      { value: 0 },
      { value: null },
    ]);
  });

  it("verl's signature, with helpers beside the file", async () => {
    bench.write('checking.py', 'def same(a, b):\n    return a == b\n');
    bench.write(
      'verl.py',
      `from checking import same

def compute_score(data_source, solution_str, ground_truth, extra_info=None):
    print(data_source, extra_info["split"])
    return {"score": 1.0 if same(solution_str, ground_truth) else 0.0, "found": solution_str, "bad": float("nan")}
`,
    );
    const row = { data_source: 'mine', extra_info: { split: 'train' } };
    expect(await bench.outcomes({ file: 'verl.py' }, [sample('42', { row }), sample('7', { row })])).toMatchObject([
      { value: 1, details: { found: '42', bad: 'nan' }, console: 'mine train\n' },
      { value: 0, details: { found: '7' } },
    ]);
  });

  it('a throw names the source line, sys.exit does not end the host, others are scored', async () => {
    const file = bench.write(
      'throws.py',
      `import sys

def compute_score(data_source, solution_str, ground_truth):
    if solution_str == "b":
        return {}["missing"]
    if solution_str == "c":
        sys.exit(1)
    return 1
`,
    );
    const outcomes = await bench.outcomes({ file: 'throws.py' }, letters);
    expect(outcomes).toMatchObject([
      { value: 1 },
      { invalid: 'threw', reason: "KeyError: 'missing'" },
      { invalid: 'threw', reason: 'SystemExit: 1' },
    ]);
    const { stack } = outcomes[1] as { stack: string };
    expect(placeInStack(stack)).toEqual({ file, line: 5 });
    expect(stack).not.toContain('python_host');
  });

  it('endless loops, hard exits and memory hogs cost their own completion only', async () => {
    bench.write(
      'hard.py',
      `import os

def compute_score(data_source, solution_str, ground_truth):
    if solution_str == "loop":
        while True:
            pass
    if solution_str == "exit":
        os._exit(7)
    if solution_str == "hog":
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    return 1
`,
    );
    const samples = ['a', 'loop', 'exit', 'hog', 'b'].map((text) => sample(text));
    expect(await bench.outcomes({ file: 'hard.py', timeoutMs: 1500 }, samples, { memoryMb: 200 })).toMatchObject([
      { value: 1 },
      { invalid: 'timeout' },
      { invalid: 'hostFailed', reason: expect.stringContaining('exit code 7') },
      { invalid: 'memory' },
      { value: 1 },
    ]);
  });

  it('NaN, text, wrong length and a single number for a batch are invalid', async () => {
    bench.write(
      'wrong.py',
      `def f(completions):
    return [float("nan"), "1", float("inf")]

def short(completions):
    return [1.0]

def single(completions):
    return 1.0
`,
    );
    expect(await bench.outcomes({ file: 'wrong.py', export: 'f' }, letters)).toMatchObject([
      { invalid: 'notFinite', reason: 'The function returned nan; a reward must be a finite number.' },
      {
        invalid: 'notANumber',
        reason: `The function returned '1' (str); return a number, or None for "does not apply".`,
      },
      { invalid: 'notFinite' },
    ]);
    const [short] = await bench.outcomes({ file: 'wrong.py', export: 'short' }, letters);
    expect(short).toMatchObject({
      invalid: 'wrongLength',
      reason: 'The function returned 1 scores for 3 completions; return one each, in order.',
    });
    const [single] = await bench.outcomes({ file: 'wrong.py', export: 'single' }, letters);
    expect(single).toMatchObject({
      invalid: 'notANumber',
      reason: 'The function returned float; return a list with one score a completion.',
    });
  });

  it('output past sys.stdout, and reading stdin, do not disturb the protocol', async () => {
    bench.write(
      'noise.py',
      `import os, sys, subprocess

def compute_score(data_source, solution_str, ground_truth):
    os.write(1, b'{"id": 2, "type": "done"}\\n')
    subprocess.run([sys.executable, "-c", "print('{}')"])
    print("kept")
    return float(len(sys.stdin.read()))
`,
    );
    expect(await bench.outcomes({ file: 'noise.py' }, letters)).toMatchObject([
      { value: 0, console: 'kept\n' },
      { value: 0 },
      { value: 0 },
    ]);
  });

  it('load errors name their place', async () => {
    const load = (reward: { file: string; export?: string }) => bench.scorer([reward]);
    const broken = bench.write('broken.py', 'def f(completions):\n    return [1\n');
    await expect(load({ file: 'broken.py' })).rejects.toThrow(`${broken}:2:12: Syntax error: '[' was never closed`);
    const importing = bench.write('importing.py', 'import os\nimport not_there_at_all\n');
    await expect(load({ file: 'importing.py' })).rejects.toThrow(
      `${importing}:2: ModuleNotFoundError: No module named 'not_there_at_all'`,
    );
    const two = bench.write(
      'two.py',
      'import math\nfrom os.path import join\ndef one(completions): ...\ndef two(completions): ...\n',
    );
    await expect(load({ file: 'two.py', export: 'three' })).rejects.toThrow(
      `${two}: This file defines no function "three". It defines one, two.`,
    );
    await expect(load({ file: 'two.py' })).rejects.toThrow(
      `${two}: This file defines several functions (one, two). Say which with "export" in the run file.`,
    );
    bench.write('strange.py', 'def f(text, other=1): ...\n');
    await expect(load({ file: 'strange.py' })).rejects.toThrow(
      'The signature f(text, other=1) is not known. Use (prompts, completions, completion_ids, **columns) as in TRL, or ' +
        '(data_source, solution_str, ground_truth, extra_info=None) as in verl.',
    );
  });
});
