// Exported functions and their lines, found without running the file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rewardFunctionsOf } from '../../../backend/server/reward-functions';

const folder = mkdtempSync(join(tmpdir(), 'superrl-functions-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function functionsOf(name: string, text: string) {
  const file = join(folder, name);
  writeFileSync(file, text);
  return rewardFunctionsOf(file);
}

describe('rewardFunctionsOf', () => {
  it('finds TypeScript exports at their lines and runs nothing', async () => {
    const found = await functionsOf(
      'a.reward.ts',
      `import type { RewardSample } from './rewards';
throw new Error('this file must not run');
interface Local { a: number }

export function correct({ completion }: RewardSample): number {
  return completion.length;
}
const hidden = (a: number): number => a;
export const batch = async (prompts: string[], completions: string[]): Promise<number[]> => [];
export const notAFunction = 3;
export { hidden as shown };
export default function (prompts: string[], completions = [], ...rest: unknown[]) {}
`,
    );
    expect(found).toEqual({
      functions: [
        { name: 'correct', line: 5, batched: false },
        { name: 'batch', line: 9, batched: true },
        { name: 'shown', line: 8, batched: false },
        { name: 'default', line: 12, batched: false },
      ],
    });
  });

  it.each([
    ['exports.f = (sample) => 1;\nmodule.exports.g = function (a, b) {};', ['f 1', 'g 2 batched']],
    ['function f(a, b) {}\nmodule.exports = { f, g(sample) {}, n: 1 };', ['f 1 batched', 'g 2']],
    ['module.exports = (sample) => 1;', ['default 1']],
  ])('finds CommonJS exports: %s', async (text, expected) => {
    const { functions } = await functionsOf('a.js', text);
    expect(functions.map(({ name, line, batched }) => `${name} ${line}${batched ? ' batched' : ''}`)).toEqual(expected);
  });

  it('finds Python functions of both signatures', async () => {
    const text = `import os
def _private(completions): pass
def helper(x):
    def inner(completions): pass
def length(prompts, completions, completion_ids,
           **columns):
    return []
async def compute_score(data_source, solution_str, ground_truth, extra_info=None): pass
`;
    expect(await functionsOf('a.py', text)).toEqual({
      functions: [
        { name: 'length', line: 5, batched: true },
        { name: 'compute_score', line: 8, batched: false },
      ],
    });
  });

  it('says what is wrong with a file that does not parse, and with one that is not there', async () => {
    expect(await functionsOf('bad.js', 'export function (')).toMatchObject({
      functions: [],
      problem: expect.stringMatching(/1:16/),
    });
    expect((await functionsOf('bad.ts', 'export enum A { B }')).problem).toMatch(/enum/);
    await expect(rewardFunctionsOf(join(folder, 'none.ts'))).rejects.toThrow(/can't be read/);
  });
});
