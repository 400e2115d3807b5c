// Reward fixtures: what can be wrong with the file, and the report a person reads.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureResultSchema, readRewardFixture } from '../../../backend/protocol/reward-fixture';
import { findFixtures, fixturesPassed, renderFixtureResults, runFixtures } from '../../../backend/rewards/run-fixtures';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'superrl-fixtures-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('reading', () => {
  it('takes comments and knows the line of each case', () => {
    const text = `{
  // the built-in
  "use": "exact",
  "cases": [
    { "completion": "1", "answer": 1, "expected": 1 },
    {
      "completion": "2", "expected": "invalid",
    },
  ],
}`;
    expect(readRewardFixture(text, 'a').caseLines).toEqual([5, 6]);
  });

  it.each([
    ['{ "use": ', 'a.reward.json:1:10: This fixture is not JSON: a value is expected here.'],
    ['', 'a.reward.json:1:1: This fixture is not JSON: the file is empty.'],
    [
      '{ "cases": [{ "completion": "1", "expected": 1 }] }',
      'a.reward.json:1:1: This fixture is wrong: Give exactly one of "use" (a built-in reward) and "file" (your own).',
    ],
    [
      '{ "use": "exact",\n  "cases": [{ "completion": 5, "expected": 1 }] }',
      'a.reward.json:2:29: This fixture is wrong: cases.0.completion: Invalid input: expected string, received number',
    ],
    [
      '{ "use": "exact", "casses": [] }',
      'a.reward.json:1:1: This fixture is wrong: cases: Invalid input: expected array, received undefined',
    ],
  ])('%j', (text, message) => {
    expect(() => readRewardFixture(text, 'a.reward.json')).toThrow(message);
  });
});

describe('running', () => {
  it('reports what passed and what came instead', async () => {
    write(
      'good.reward.json',
      JSON.stringify({
        use: 'gsm8k',
        cases: [
          { name: 'right', completion: '#### 5', answer: '5', expected: 1 },
          { completion: '#### 6', row: { answer: '5' }, expected: 1 },
          { name: 'no number to compare with', completion: '#### 6', answer: 'blue', expected: 'invalid' },
          { name: 'also none', completion: '#### 6', answer: 'blue', expected: 0 },
          { name: 'near', completion: '#### 5', answer: '5', expected: 0.95, tolerance: 0.1 },
          { name: 'null', completion: '#### 5', answer: '5', expected: null },
        ],
      }),
    );
    write('broken.reward.json', '{');
    mkdirSync(join(folder, 'node_modules'));
    write('node_modules/other.reward.json', '{');
    const results = await runFixtures(findFixtures([folder]));
    for (const result of results) expect(() => fixtureResultSchema.parse(result)).not.toThrow();
    expect(fixturesPassed(results)).toBe(false);
    expect(fixturesPassed([{ fixtureFile: 'a', cases: [] }])).toBe(true);
    expect(renderFixtureResults(results, folder).replaceAll(`${folder}/`, '')).toBe(`broken.reward.json
  ✗ broken.reward.json:1:2: This fixture is not JSON: a "}" is missing here.
good.reward.json
  ✓ right
  ✗ #### 6: expected 1, got 0
  ✓ no number to compare with
  ✗ also none: expected 0, but it is invalid: The row's answer is not a number: "blue".
  ✓ near
  ✗ null: expected null (does not apply), got 1
3 passed, 3 failed, 1 not loaded`);
  });

  it('says when there is nothing to run', () => {
    expect(() => findFixtures([join(folder, 'none')])).toThrow(`There is no file or folder ${join(folder, 'none')}.`);
    mkdirSync(join(folder, 'empty'));
    expect(() => findFixtures([join(folder, 'empty')])).toThrow('No reward fixtures (*.reward.json) found in');
  });
});
