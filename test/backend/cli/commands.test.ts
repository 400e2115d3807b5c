// Every command but train, as a person or a script calls it: output, messages and exit codes; `score` and
// `sample` against the golden numbers of another library.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { goldenFolder, SuperRlProgram } from './superrl-program';

let superrl: SuperRlProgram;
beforeAll(() => {
  superrl = new SuperRlProgram();
  const rows = ['12', '345', '6'].map((text) => ({ prompt: `${text}>`, answer: [...text].reverse().join('') }));
  const lines = rows.map((row) => `${JSON.stringify({ ...row, trace: row.answer })}\n`).join('');
  writeFileSync(join(superrl.folder, 'train.jsonl'), lines);
  writeFileSync(
    join(superrl.folder, 'reverse.superrl.json'),
    JSON.stringify({
      name: 'reverse',
      model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 32 } },
      data: { train: 'train.jsonl', eval: 'train.jsonl' },
      traces: { map: { demonstration: 'trace' } },
      rewards: [{ name: 'reversed', use: 'exact' }],
      rollout: { promptsPerStep: 2, k: 2, maxNewTokens: 4 },
      budget: { steps: 2 },
    }),
  );
});
afterAll(() => superrl.remove());

describe('usage', () => {
  it.each([
    [[], 'error: A command is missing. "superrl --help" lists them.\n'],
    [['trian', 'x'], 'error: Unknown command \'trian\'. Did you mean train? See "superrl help".\n'],
    [['score', 'm'], 'error: Missing required argument \'file\'. See "superrl help".\n'],
    [['runs', '--rnus', 'x'], 'error: Unknown option \'--rnus\'. Did you mean --runs? See "superrl help".\n'],
    [['sample', 'm'], 'error: Required option \'--prompt <text>\' not specified. See "superrl help".\n'],
    [
      ['sample', 'm', '--prompt', 'a', '--max-new-tokens', 'x'],
      'error: --max-new-tokens must be a whole number of at least 1, not "x".\n',
    ],
    [
      ['train', 'reverse.superrl.json', '--set', 'rollout.kk=3'],
      'error: --set rollout.kk=3: "kk" is not a field of "rollout". Did you mean "k"?\n',
    ],
    [['train', 'reverse.superrl.json', '--set', 'k'], 'error: --set "k": write path=value, for example rollout.k=4.\n'],
    [
      ['data', 'inspect', 'train.jsonl', '--map', 'prompt'],
      'error: --map "prompt": write field=column, for example prompt=question.\n',
    ],
    [
      ['eval', 'reverse.superrl.json', '--step', '3'],
      'error: --step names a checkpoint of a run; give a run folder.\n',
    ],
    [['reward', 'test', 'reverse.superrl.json', '--row', '9'], 'error: --row 9: the dataset has 3 usable rows.\n'],
  ])('%j is bad usage', async (args, message) => {
    const { code, out, err } = await superrl.run(...args);
    expect(err).toContain(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('an error is one JSON object with --json, and has a stack only with --verbose', async () => {
    const { err } = await superrl.run('train', 'none.json', '--json');
    expect(JSON.parse(err)).toMatchObject({
      error: { code: 'usage', message: expect.stringContaining('There is no file') },
    });
    expect((await superrl.run('train', 'none.json')).err).not.toContain('at ');
    expect((await superrl.run('train', 'none.json', '--verbose')).err).toMatch(/\n {4}at /);
  });

  it('help and version are no errors', async () => {
    expect(await superrl.run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Exit codes: 0 done') });
    expect(await superrl.run('help', 'train')).toMatchObject({ code: 0, out: expect.stringContaining('--resume') });
    expect((await superrl.run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

const golden = z.record(
  z.string(),
  z.object({
    inputIds: z.array(z.int()),
    logSoftmaxOfNextToken: z.array(z.number()),
    greedy24: z.array(z.int()),
  }),
);
const scored = z.object({
  row: z.int(),
  promptTokenIds: z.array(z.int()),
  tokenIds: z.array(z.int()),
  logProbs: z.array(z.number()),
  sum: z.number(),
});
const sampled = z.object({
  promptTokenIds: z.array(z.int()),
  tokenIds: z.array(z.int()),
  text: z.string(),
  stopReason: z.string(),
});

describe('score and sample meet the golden numbers', () => {
  const models = readdirSync(join(goldenFolder, 'models'));
  const numbers = golden.parse(JSON.parse(readFileSync(join(goldenFolder, 'models.json'), 'utf8')));

  it.each(models)('%s', async (name) => {
    const { inputIds, logSoftmaxOfNextToken } = numbers[name]!;
    const model = join(goldenFolder, 'models', name);
    const cuts = [1, 7, 20];
    const rows = cuts.map((cut) => ({ promptTokenIds: inputIds.slice(0, cut), tokenIds: inputIds.slice(cut) }));
    writeFileSync(join(superrl.folder, 'rows.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const { code, out } = await superrl.run('score', model, 'rows.jsonl', '--json');
    expect(code).toBe(0);
    const found = out
      .trimEnd()
      .split('\n')
      .map((line) => scored.parse(JSON.parse(line)));
    expect(found.map(({ row }) => row)).toEqual([0, 1, 2]);
    for (const [index, cut] of cuts.entries()) {
      const expected = logSoftmaxOfNextToken.slice(cut - 1);
      expect(found[index]).toMatchObject(rows[index]!);
      expect(found[index]!.logProbs).toHaveLength(expected.length);
      for (const [at, value] of found[index]!.logProbs.entries())
        expect(Math.abs(value - expected[at]!)).toBeLessThan(1e-4);
      expect(found[index]!.sum).toBeCloseTo(
        found[index]!.logProbs.reduce((sum, value) => sum + value, 0),
        9,
      );
    }
  });

  it('a prompt given as text is encoded as the tokenizer does, and its greedy tokens are the golden ones', async () => {
    const { inputIds, greedy24 } = numbers['llama-tied']!;
    const model = join(goldenFolder, 'models', 'llama-tied');
    const prompt = await promptOf(model, inputIds);
    const args = ['--prompt', prompt, '--greedy', '--max-new-tokens', '24', '--no-chat-template', '--json'];
    const { code, out } = await superrl.run('sample', model, ...args);
    expect(code).toBe(0);
    expect(sampled.parse(JSON.parse(out))).toMatchObject({
      promptTokenIds: inputIds,
      tokenIds: greedy24,
      stopReason: 'length',
    });
  });

  /** The text whose tokens these are, by the tokens' own texts as `score` prints them. */
  async function promptOf(model: string, ids: number[]): Promise<string> {
    writeFileSync(join(superrl.folder, 'rows.jsonl'), JSON.stringify({ promptTokenIds: [1], tokenIds: ids }));
    const { out } = await superrl.run('score', model, 'rows.jsonl');
    return out
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => z.string().parse(JSON.parse(line.slice(line.indexOf('"')))))
      .join('');
  }
});

describe('score', () => {
  const model = join(goldenFolder, 'models', 'llama-tied');
  const score = async (text: string) => {
    writeFileSync(join(superrl.folder, 'rows.jsonl'), text);
    return superrl.run('score', model, 'rows.jsonl', '--json');
  };

  it.each([
    ['', 'rows.jsonl: This file holds no rows; give a line {"prompt", "completion"} a row.'],
    ['\n{"prompt": "a"', 'rows.jsonl:2: This line is not JSON ('],
    ['{"prompt": "a", "answer": "b"}', 'rows.jsonl:1: A row must be {\\"prompt\\": '],
    ['{"prompt": "a", "completion": ""}', 'rows.jsonl:1: Prompt and completion need at least one token each.'],
    [
      '{"promptTokenIds": [1], "tokenIds": [512]}',
      'rows.jsonl:1: Token id 512 is not in the vocabulary of 512 tokens.',
    ],
    [JSON.stringify({ prompt: 'a', completion: 'b'.repeat(9000) }), 'rows.jsonl:1: the row has '],
  ])('%j is refused', async (text, message) => {
    const { code, out, err } = await score(text);
    expect(err.replaceAll('\\"prompt\\", \\"completion\\"', '"prompt", "completion"')).toContain(message);
    expect(out).toBe('');
    expect(code).toBe(1);
  });

  it('prints exactly one JSON object a row, over many batches', async () => {
    const rows = Array.from({ length: 150 }, (_, index) =>
      JSON.stringify({ prompt: 'Number', completion: ` ${index}` }),
    );
    const { out } = await score(`\uFEFF${rows.join('\r\n')}\n\n`);
    const found = out
      .trimEnd()
      .split('\n')
      .map((line) => scored.parse(JSON.parse(line)));
    expect(found.map(({ row }) => row)).toEqual(rows.map((_, index) => index));
  });
});

describe('sample', () => {
  const model = join(goldenFolder, 'models', 'llama-tied');

  it('is the same for the same seed, and another for another', async () => {
    const sample = async (seed: string) =>
      (
        await superrl.run(
          'sample',
          model,
          '--prompt',
          'a',
          '--seed',
          seed,
          '--samples',
          '3',
          '--max-new-tokens',
          '8',
          '--json',
        )
      ).out;
    const first = await sample('1');
    expect(first.trimEnd().split('\n')).toHaveLength(3);
    expect(await sample('1')).toBe(first);
    expect(await sample('2')).not.toBe(first);
  });

  it('says what is missing or does not fit', async () => {
    expect((await superrl.run('sample', 'nowhere', '--prompt', 'a')).err).toContain('there is no such model folder');
    expect((await superrl.run('sample', model, '--prompt', '', '--no-chat-template')).err).toBe(
      'error: The prompt is empty; give at least one character.\n',
    );
    expect((await superrl.run('sample', model, '--prompt', 'b'.repeat(9000))).err).toContain('tokens, more than the');
  });
});

describe('data and reward', () => {
  it('inspect a file and a run file', async () => {
    expect(await superrl.run('data', 'inspect', 'train.jsonl', '--examples', '1')).toMatchObject({
      code: 0,
      out: expect.stringContaining('3 records, 3 usable rows'),
    });
    const { out } = await superrl.run('data', 'inspect', 'reverse.superrl.json', '--json');
    expect(JSON.parse(out)).toMatchObject({ report: { rows: 3 }, coverage: { promptsWithTraces: 3 } });
  });

  it('audit the traces', async () => {
    expect((await superrl.run('data', 'audit', 'reverse.superrl.json')).out).toContain(
      '3 of 3 traces of 3 prompts earn success',
    );
    const short = await superrl.run('data', 'audit', 'reverse.superrl.json', '--set', 'rollout.maxNewTokens=2');
    expect(short.out).toContain('train.jsonl:2: The trace has 4 tokens; rollout.maxNewTokens is 2.');
    const noModel = await superrl.run('data', 'audit', 'reverse.superrl.json', '--set', 'model=nowhere');
    expect(noModel.out).toMatch(
      /Traces over the completion limit: not checked \(.*nowhere: there is no such model folder/,
    );
    expect(await superrl.run('data', 'audit', 'reverse.superrl.json', '--set', 'traces=null')).toMatchObject({
      code: 2,
    });
  });

  it('test a reward on given completions and on the traces', async () => {
    expect(
      await superrl.run('reward', 'test', 'reverse.superrl.json', '--completion', '21', '--completion', '12'),
    ).toMatchObject({
      code: 0,
      out:
        'row 1: "21"\n  reversed: 1.000\n  reward 1.000, correctness 1.000: success\n' +
        'row 1: "12"\n  reversed: 0.000\n  reward 0.000, correctness 0.000: no success\n',
    });
    const { out } = await superrl.run('reward', 'test', 'reverse.superrl.json', '--rows', '3', '--json');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).success),
    ).toEqual([true, true, true]);
  });

  it('exits with 1 when a reward fails', async () => {
    writeFileSync(join(superrl.folder, 'bad.mjs'), 'export default () => { throw new Error("no such luck"); };\n');
    const set = 'rewards=[{"name":"mine","file":"bad.mjs"}]';
    const { code, out } = await superrl.run(
      'reward',
      'test',
      'reverse.superrl.json',
      '--completion',
      'x',
      '--set',
      set,
    );
    expect(out).toContain('mine: invalid (threw): ');
    expect(out).toContain('no such luck');
    expect(code).toBe(1);
  });
});

describe('the bundle', () => {
  it('loads no native library for commands that need none, so that doctor can say what is wrong with it', () => {
    const loaded = superrl.packagesLoadedFirst();
    expect(loaded).toContain('node:path');
    expect(loaded.filter((name) => name.startsWith('onnxruntime') || name.startsWith('@tensorflow'))).toEqual([]);
  });
});

describe('runs, stop, export, doctor', () => {
  it('say that there is nothing', async () => {
    expect((await superrl.run('runs')).out).toBe(
      `No runs in ${join(superrl.folder, 'runs')}. Start one with "superrl train".\n`,
    );
    expect(await superrl.run('runs', '--json')).toEqual({ code: 0, out: '', err: '' });
    expect(await superrl.run('stop', 'x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no run "x"'),
    });
    expect((await superrl.run('train', 'reverse.superrl.json', '--resume')).err).toContain(
      'to go on with. Start one without',
    );
  });

  it('export a model, and refuse to overwrite', async () => {
    const model = join(goldenFolder, 'models', 'llama-tied');
    const first = await superrl.run('export', model, 'out', '--dtype', 'float32');
    expect(first.err).toBe('');
    expect(readdirSync(join(superrl.folder, 'out'))).toContain('model.safetensors');
    expect(await superrl.run('export', model, 'out')).toMatchObject({
      code: 2,
      err: expect.stringContaining('this exists already'),
    });
  });

  it('doctor finds what the trainer needs', async () => {
    const { code, out } = await superrl.run('doctor', '--json');
    const findings = z
      .object({ findings: z.array(z.object({ name: z.string(), level: z.string() })) })
      .parse(JSON.parse(out));
    expect(findings.findings.filter(({ level }) => level === 'bad')).toEqual([]);
    expect(code).toBe(0);
  });
});
