// Stored completions that the reward host reads itself: the same outcomes as when they are handed to it, whatever the
// function does; and files that it leaves to others.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RewardConfig } from '../../../backend/protocol/run-config';
import type { RewardOutcome } from '../../../backend/protocol/sample';
import type { RewardSample } from '../../../backend/rewards/scorer';
import { isAlive, RewardWorkbench } from './bundled-hosts';

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

const k = 3;
const texts = ['a', 'bad', 'ccc', 'd', 'ee', 'fff'];
const before: RewardOutcome[] = [
  { value: 1 },
  { value: 0, details: { near: true }, ms: 1 },
  { value: null },
  { invalid: 'threw', reason: 'Error: no' },
  { value: 0.5 },
  { value: -1 },
];

/** Two groups of three completions. */
function lines(step: number): object[] {
  return texts.flatMap((text, at) => {
    const group = Math.floor(at / k) + 4;
    const head = { kind: 'group', step, group, prompt: 'p', question: `q${group}`, answer: [group] };
    const columns = { nums: [3, 1, 2], deep: { ['__proto__']: [group] } };
    const own = {
      kind: 'completion',
      step,
      group,
      index: at % k,
      text,
      tokenIds: [at, 7],
      rewards: { old: before[at] },
    };
    return at % k === 0 ? [{ ...head, columns }, own] : [own];
  });
}

/** What the trainer, or another process, would hand to the host for them. */
const samples: RewardSample[] = texts.map((completion, at) => {
  const index = Math.floor(at / k) + 4;
  return {
    ...{ prompt: `q${index}`, completion, answer: [index], row: { nums: [3, 1, 2], deep: { ['__proto__']: [index] } } },
    ...{ group: { index, completion: at % k, size: k }, tokenIds: [at, 7] },
  };
});

function write(name: string, of: readonly object[]): string {
  return bench.write(name, of.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

async function stored(reward: Partial<RewardConfig>, files: readonly string[]) {
  const scorer = await bench.scorer([reward]);
  return scorer.scoreStored({ files, component: 'old' });
}

const withoutTime = (outcomes: readonly RewardOutcome[]) => outcomes.map(({ ms: _, ...outcome }) => outcome);

it.each([
  ['sees the very same sample', '(sample) => ({ score: 1, seen: JSON.stringify(sample) })'],
  ['sorts its row', '({ row, answer }) => { row.nums.push(row.nums.length); answer.pop(); return row.nums.length; }'],
  ['throws', '({ completion }) => { if (completion === "bad") throw new Error("no"); return 1; }'],
  ['hangs', '({ completion }) => { while (completion === "bad"); return completion.length; }'],
  ['waits for ever', '({ completion }) => completion === "bad" ? new Promise(() => {}) : 2'],
  ['ends its process', '({ completion }) => { if (completion === "bad") process.exit(3); return 1; }'],
  ['is killed', '({ completion }) => { if (completion === "bad") process.kill(process.pid, "SIGKILL"); return 1; }'],
  ['returns NaN', '({ completion }) => completion === "bad" ? NaN : null'],
  ['prints', '({ completion }) => { console.log(completion); return 0; }'],
])('gives the outcomes of handed samples where the function %s', async (what, code) => {
  const name = `${what.replaceAll(' ', '-')}.reward.mjs`;
  bench.write(name, `export const f = ${code};\n`);
  const reward = { file: name, timeoutMs: 400 };
  const scores = await stored(reward, [write('step-1.jsonl', lines(1))]);
  const handed = await bench.outcomes(reward, samples);
  expect(withoutTime(scores!.outcomes)).toEqual(withoutTime(handed));
  expect(handed).toHaveLength(texts.length);
  expect(scores!.files).toEqual([{ groups: [4, 5], sizes: [3, 3], before: [1, 0, null, 'threw', 0.5, -1] }]);
});

it('a batched function is called once a file, and after a failure once a group', async () => {
  bench.write(
    'batched.reward.mjs',
    'export const f = (prompts, completions) => { if (completions.includes("bad")) throw new Error("no"); return completions.map(() => completions.length); };\n',
  );
  const files = [write('step-1.jsonl', lines(1)), write('step-2.jsonl', lines(2).slice(0, 2))];
  const scores = await stored({ file: 'batched.reward.mjs' }, files);
  expect(scores!.outcomes).toMatchObject([
    ...Array.from({ length: 3 }, () => ({ invalid: 'threw', reason: 'Error: no' })),
    ...Array.from({ length: 3 }, () => ({ value: 3 })),
    { value: 1 },
  ]);
});

it.each([
  ['is missing', undefined],
  ['is cut off', `${JSON.stringify(lines(1)[0])}\n{"kind":"compl`],
  ['begins with a completion', lines(1).slice(1)],
  ['lacks a completion', lines(1).filter((_, at) => at !== 2)],
  ['has a completion of another group', lines(1).map((line, at) => (at === 2 ? { ...line, group: 9 } : line))],
  ['has a text that is none', lines(1).map((line, at) => (at === 2 ? { ...line, text: 7 } : line))],
  [
    'has a reward that is none',
    lines(1).map((line, at) => (at === 2 ? { ...line, rewards: { old: { value: 'x' } } } : line)),
  ],
  ['has no columns', lines(1).map((line, at) => (at === 0 ? { ...line, columns: [] } : line))],
])('leaves a file that %s to others', async (what, content) => {
  bench.write('one.reward.mjs', 'export const f = () => 1;\n');
  const name = `${what.replaceAll(' ', '-')}.jsonl`;
  const file =
    content === undefined
      ? `${bench.folder}/${name}`
      : typeof content === 'string'
        ? bench.write(name, content)
        : write(name, content);
  expect(await stored({ file: 'one.reward.mjs' }, [write('step-1.jsonl', lines(1)), file])).toBeUndefined();
});

it('leaves Python, built-ins and several components to others', async () => {
  bench.write('f.py', 'def f(completions, **columns):\n    return [1.0 for _ in completions]\n');
  bench.write('one.reward.mjs', 'export const f = () => 1;\n');
  const files = [write('step-1.jsonl', lines(1))];
  expect(await stored({ file: 'f.py' }, files)).toBeUndefined();
  expect(await stored({ use: 'exact' }, files)).toBeUndefined();
  const two = await bench.scorer([{ file: 'one.reward.mjs' }, { file: 'one.reward.mjs' }]);
  expect(await two.scoreStored({ files, component: 'old' })).toBeUndefined();
});

it('says so when completions can not be read again after a call that hung', async () => {
  const file = write('gone.jsonl', lines(1));
  const mark = `${bench.folder}/pid`;
  bench.write(
    'gone.reward.mjs',
    `import { rmSync, writeFileSync } from 'node:fs';
export const f = ({ completion }) => {
  if (completion !== 'bad') return 1;
  rmSync(${JSON.stringify(file)});
  writeFileSync(${JSON.stringify(mark)}, String(process.pid));
  for (;;);
};
`,
  );
  const scores = await stored({ file: 'gone.reward.mjs', timeoutMs: 300 }, [file]);
  expect(isAlive(Number(readFileSync(mark, 'utf8')))).toBe(false);
  expect(scores!.outcomes).toMatchObject([
    { value: 1 },
    { invalid: 'timeout', reason: 'The call took longer than 300 ms (timeoutMs of this reward) and was ended.' },
    ...Array.from({ length: 4 }, () => ({
      invalid: 'hostFailed',
      reason: 'Its stored completion was there before, and could not be read again.',
    })),
  ]);
});
