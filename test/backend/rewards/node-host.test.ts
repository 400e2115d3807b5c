// User rewards in TypeScript and JavaScript in real hosts: what they return, and every way to go wrong.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { placeInStack } from '../../../backend/protocol/stack-place';
import { isAlive, RewardWorkbench, sample } from './bundled-hosts';

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

const letters = ['a', 'b', 'c'].map((completion) => sample(completion));

describe('signatures', () => {
  it('calls a TypeScript function once a completion with the sample', async () => {
    bench.write(
      'typed.reward.ts',
      `interface Sample { prompt: string; completion: string; answer: unknown; row: Record<string, unknown> }
export async function right({ completion, answer, row }: Sample): Promise<{ score: number } & Record<string, unknown>> {
  console.log('scoring', completion);
  return { score: completion === (answer as string) ? 1 : 0.5, question: row.question };
}
`,
    );
    const outcomes = await bench.outcomes({ file: 'typed.reward.ts' }, [sample('42'), sample('7')]);
    expect(outcomes).toMatchObject([
      { value: 1, details: { question: 'the question' }, console: 'scoring 42\n' },
      { value: 0.5, console: 'scoring 7\n' },
    ]);
  });

  it('calls a batched function once with columns, and null means "does not apply"', async () => {
    bench.write(
      'batched.reward.mjs',
      `let calls = 0;
export default function (prompts, completions, columns) {
  calls++;
  return completions.map((text, at) => text === 'skip' ? null : calls * 100 + Number(columns.ground_truth[at]) + columns.extra[at]);
}
`,
    );
    const samples = ['x', 'skip', 'y'].map((text, index) => sample(text, { row: { extra: index } }, index));
    const outcomes = await bench.outcomes({ file: 'batched.reward.mjs' }, samples);
    expect(outcomes).toMatchObject([{ value: 142 }, { value: null }, { value: 144 }]);
  });

  it('awaits an array of promises, and obeys the property batched', async () => {
    bench.write(
      'promises.reward.js',
      'export function f(...all) { return all[1].map(async (text) => text.length); }\nf.batched = true;\n',
    );
    const outcomes = await bench.outcomes({ file: 'promises.reward.js' }, [sample('one'), sample('three')]);
    expect(outcomes).toMatchObject([{ value: 3 }, { value: 5 }]);
  });

  it('resolves relative imports with and without extension, folders, JSON-free packages and CommonJS', async () => {
    bench.write('lib/score.ts', 'export const score = (text: string): number => text.length;\n');
    bench.write('lib/more/index.ts', "import { score } from '../score.js';\nexport const more = score;\n");
    bench.write('node_modules/points/package.json', '{"name":"points","main":"main.js"}');
    bench.write('node_modules/points/main.js', 'module.exports = { points: 1000 };\n');
    bench.write(
      'imports.reward.ts',
      `import { score } from './lib/score';
import { score as same } from './lib/score.ts';
import { more } from './lib/more';
import points from 'points';
export const f = ({ completion }: { completion: string }) =>
  score(completion) + same(completion) + more(completion) + points.points;
`,
    );
    bench.write('common.reward.cjs', 'module.exports = { common: (sample) => sample.completion.length };\n');
    expect(await bench.outcomes({ file: 'imports.reward.ts' }, [sample('ab')])).toMatchObject([{ value: 1006 }]);
    expect(await bench.outcomes({ file: 'common.reward.cjs' }, [sample('ab')])).toMatchObject([{ value: 2 }]);
  });
});

describe('failures of a call', () => {
  it('a throw is invalid with the stack at the source line, others are scored', async () => {
    const file = bench.write(
      'throws.reward.ts',
      `type Sample = { completion: string };
export function f(sample: Sample): number {
  const parsed: { deep?: { value: number } } = sample.completion === 'b' ? {} : { deep: { value: 1 } };
  return (parsed.deep as { value: number }).value;
}
`,
    );
    const outcomes = await bench.outcomes({ file: 'throws.reward.ts' }, letters);
    expect(outcomes).toMatchObject([{ value: 1 }, { invalid: 'threw' }, { value: 1 }]);
    const [, failed] = outcomes as { reason: string; stack: string }[];
    expect(failed!.reason).toBe("TypeError: Cannot read properties of undefined (reading 'value')");
    expect(placeInStack(failed!.stack)).toEqual({ file, line: 4, column: 45 });
    expect(failed!.stack).not.toMatch(/reward-host|node:/);
  });

  it('an endless loop is ended at its time limit, others are scored', async () => {
    bench.write(
      'endless.reward.ts',
      "export function f({ completion }: { completion: string }) { while (completion === 'b') {} return 1; }\n",
    );
    const outcomes = await bench.outcomes({ file: 'endless.reward.ts', timeoutMs: 300 }, letters);
    expect(outcomes).toMatchObject([{ value: 1 }, { invalid: 'timeout' }, { value: 1 }]);
    expect((outcomes[1] as { reason: string }).reason).toBe(
      'The call took longer than 300 ms (timeoutMs of this reward) and was ended.',
    );
  });

  it.each([
    ['hangs', 'for (;;) {}', 'timeout'],
    ['is killed', "process.kill(process.pid, 'SIGKILL'); for (;;) {}", 'hostFailed'],
  ])('of thousands of quick calls the one that %s is named, and the others are scored', async (_, code, invalid) => {
    bench.write(
      `one-of-many.${invalid}.mjs`,
      `export const f = ({ completion }) => { if (completion === '3210') { ${code} } return Number(completion); };`,
    );
    const samples = Array.from({ length: 6000 }, (_, index) => sample(String(index)));
    const outcomes = await bench.outcomes({ file: `one-of-many.${invalid}.mjs`, timeoutMs: 1000 }, samples);
    expect(outcomes.flatMap((outcome, index) => ('invalid' in outcome ? [`${index} ${outcome.invalid}`] : []))).toEqual(
      [`3210 ${invalid}`],
    );
    expect(outcomes.every((outcome, index) => index === 3210 || ('value' in outcome && outcome.value === index))).toBe(
      true,
    );
  });

  it('a call that changes its row changes it for itself alone', async () => {
    bench.write('sorts.reward.mjs', 'export const f = ({ row }) => row.nums.push(9);\n');
    const row = { nums: [1, 2] };
    const outcomes = await bench.outcomes({ file: 'sorts.reward.mjs' }, [sample('a', { row }), sample('b', { row })]);
    expect(outcomes).toMatchObject([{ value: 3 }, { value: 3 }]);
  });

  it.skipIf(process.platform === 'win32')('what a call has started ends with it', async () => {
    bench.write(
      'starts.reward.mjs',
      `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
export const f = () => {
  writeFileSync('started-pid', String(spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).pid));
  for (;;) {}
};
`,
    );
    const outcomes = await bench.outcomes({ file: 'starts.reward.mjs', timeoutMs: 300 }, [sample('a')]);
    expect(outcomes).toMatchObject([{ invalid: 'timeout' }]);
    const pid = Number(readFileSync(join(bench.folder, 'started-pid'), 'utf8'));
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), 3000);
  });

  it('a batch of nothing but endless loops is given up after eight', async () => {
    bench.write('all-endless.reward.mjs', 'export const f = () => { for (;;) {} };\n');
    const samples = Array.from({ length: 20 }, (_, index) => sample(String(index)));
    const outcomes = await bench.outcomes({ file: 'all-endless.reward.mjs', timeoutMs: 50 }, samples);
    const reasons = outcomes.map((outcome) =>
      'invalid' in outcome ? `${outcome.invalid}: ${outcome.reason}` : 'valid',
    );
    const ended = 'The call took longer than 50 ms (timeoutMs of this reward) and was ended.';
    expect(reasons.slice(0, 8)).toEqual(Array(8).fill(`timeout: ${ended}`));
    expect(reasons.slice(8)).toEqual(
      Array(12).fill(`timeout: Not tried, since 8 calls in a row before it failed. The last: ${ended}`),
    );
  });

  it('a host that ended between two batches costs no completion', async () => {
    bench.write('later.reward.mjs', 'export const f = () => { setTimeout(() => process.exit(1), 20); return 1; };\n');
    const scorer = await bench.scorer([{ file: 'later.reward.mjs' }]);
    expect(await scorer.score([sample('a')])).toMatchObject([[{ value: 1 }]]);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await scorer.score([sample('b')])).toMatchObject([[{ value: 1 }]]);
  });

  it('a promise that never settles is ended too', async () => {
    bench.write(
      'pending.reward.mjs',
      "export const f = ({ completion }) => completion === 'b' ? new Promise(() => {}) : 1;\n",
    );
    const outcomes = await bench.outcomes({ file: 'pending.reward.mjs', timeoutMs: 300 }, letters);
    expect(outcomes).toMatchObject([{ value: 1 }, { invalid: 'timeout' }, { value: 1 }]);
  });

  it('NaN, Infinity, text, undefined and booleans are invalid, never 0', async () => {
    bench.write(
      'wrong.reward.mjs',
      'const values = [NaN, Infinity, "1", undefined, true, { total: 1 }, 0];\nexport const f = ({ completion }) => values[completion];\n',
    );
    const samples = ['0', '1', '2', '3', '4', '5', '6'].map((text) => sample(text));
    const outcomes = await bench.outcomes({ file: 'wrong.reward.mjs' }, samples);
    expect(
      outcomes.map((outcome) => ('invalid' in outcome ? [outcome.invalid, outcome.reason] : outcome.value)),
    ).toEqual([
      ['notFinite', 'The function returned NaN; a reward must be a finite number.'],
      ['notFinite', 'The function returned Infinity; a reward must be a finite number.'],
      [
        'notANumber',
        'The function returned the text "1"; return a number, null for "does not apply", or {score, …details}.',
      ],
      ['notANumber', 'The function returned undefined; is a return missing?'],
      [
        'notANumber',
        'The function returned true (boolean); return a number, null for "does not apply", or {score, …details}.',
      ],
      [
        'notANumber',
        'The function returned an object with total and no score; return a number, null for "does not apply", or {score, …details}.',
      ],
      0,
    ]);
  });

  it('process.exit is invalid for its completion only', async () => {
    bench.write(
      'exits.reward.mjs',
      "export const f = ({ completion }) => { if (completion === 'b') process.exit(0); return 1; };\n",
    );
    const outcomes = await bench.outcomes({ file: 'exits.reward.mjs' }, letters);
    expect(outcomes).toMatchObject([
      { value: 1 },
      {
        invalid: 'hostFailed',
        reason: 'The reward host ended with exit code 0 during the call; does the code end its process?',
      },
      { value: 1 },
    ]);
  });

  it('a crash that lets nothing be said is invalid for its completion only, however quick the calls before it', async () => {
    bench.write(
      'crashes.reward.mjs',
      "export const f = ({ completion }) => { if (completion === 'crash') process.kill(process.pid, 'SIGKILL'); return 1; };\n",
    );
    const samples = Array.from({ length: 3000 }, (_, index) => sample(index === 2000 ? 'crash' : 'fine', {}, index));
    const outcomes = await bench.outcomes({ file: 'crashes.reward.mjs' }, samples);
    expect(outcomes[2000]).toMatchObject({
      invalid: 'hostFailed',
      reason: 'The reward host was ended by SIGKILL during the call; does the code end its process?',
    });
    expect(outcomes.filter((outcome) => 'value' in outcome && outcome.value === 1)).toHaveLength(2999);
  });

  it.each([
    ['the heap', 'const all = []; for (;;) all.push(new Array(1000).fill(Math.random()));'],
    ['buffers outside of the heap', 'const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));'],
  ])('memory beyond the limit in %s', async (name, hog) => {
    const file = `hog-${name.length}.reward.mjs`;
    bench.write(file, `export const f = ({ completion }) => { if (completion === 'b') { ${hog} } return 1; };\n`);
    const outcomes = await bench.outcomes({ file, timeoutMs: 60_000 }, letters, { memoryMb: 200 });
    expect(outcomes).toMatchObject([
      { value: 1 },
      { invalid: 'memory', reason: expect.stringContaining('more than 200 MB') },
      { value: 1 },
    ]);
  });

  it('a batch that fails is scored again a group at a time', async () => {
    bench.write(
      'batch-throws.reward.mjs',
      `export default (prompts, completions) => {
  if (completions.includes('b')) throw new Error('no b, please');
  return completions.map(() => 1);
};
`,
    );
    const samples = ['a', 'a', 'b', 'a', 'a'].map((text, index) => sample(text, {}, Math.floor(index / 2)));
    const outcomes = await bench.outcomes({ file: 'batch-throws.reward.mjs' }, samples);
    expect(outcomes).toMatchObject([
      { value: 1 },
      { value: 1 },
      { invalid: 'threw', reason: 'Error: no b, please' },
      { invalid: 'threw' },
      { value: 1 },
    ]);
  });

  it('a batch of the wrong length is invalid as a whole', async () => {
    bench.write('short.reward.mjs', 'export default (prompts, completions) => [1];\n');
    const outcomes = await bench.outcomes({ file: 'short.reward.mjs' }, letters);
    expect(outcomes).toHaveLength(3);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({
        invalid: 'wrongLength',
        reason: 'The batched function returned 1 scores for 3 completions; return one each, in order.',
      });
  });

  it('noise on every output does not disturb scores, and errors outside of the call fail it', async () => {
    bench.write(
      'noise.reward.mjs',
      `import { writeSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
export async function f({ completion }) {
  writeSync(1, '{"id":1,"type":"done"}\\n');
  process.stdout.write('{"id":2,"type":"done"}\\n');
  spawnSync(process.execPath, ['-e', 'console.log("child")'], { stdio: 'inherit' });
  if (completion === 'b') { setTimeout(() => { throw new Error('late'); }); await new Promise(() => {}); }
  return 1;
}
`,
    );
    const outcomes = await bench.outcomes({ file: 'noise.reward.mjs' }, letters);
    expect(outcomes).toMatchObject([
      { value: 1, console: '{"id":2,"type":"done"}\n' },
      { invalid: 'threw', reason: 'Error: late' },
      { value: 1 },
    ]);
  });

  it('very long console output is cut', async () => {
    bench.write('long.reward.mjs', "export const f = () => { console.log('x'.repeat(30000)); return 1; };\n");
    const [outcome] = await bench.outcomes({ file: 'long.reward.mjs' }, [sample('a')]);
    expect(outcome!.console).toHaveLength(10_000 + '\n… 20001 more characters'.length);
  });
});
