// The rewards that ship as examples pass their own fixtures, and the types for users are those of the scorer.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, expectTypeOf, it } from 'vitest';
import { findFixtures, fixturesPassed, renderFixtureResults, runFixtures } from '../../../backend/rewards/run-fixtures';
import type { RewardSample } from '../../../backend/rewards/scorer';
import type { RewardSample as SampleForUsers } from '../../../examples/rewards';
import { RewardWorkbench } from './bundled-hosts';

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

it('every fixture under examples passes', async () => {
  const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
  const results = await runFixtures(findFixtures([examples]), { hostFiles: bench.hostFiles });
  expect(fixturesPassed(results), renderFixtureResults(results, examples)).toBe(true);
  expect(results.flatMap((result) => result.cases).length).toBeGreaterThanOrEqual(5);
});

it('a failing case shows what the function printed and where it threw', async () => {
  bench.write(
    'shout.reward.mjs',
    "export const f = ({ completion }) => {\n  console.log('seen', completion);\n  throw new Error('no');\n};\n",
  );
  const fixture = bench.write(
    'shout.reward.json',
    '{ "file": "shout.reward.mjs", "cases": [{ "completion": "a", "expected": 1 }] }',
  );
  const text = renderFixtureResults(await runFixtures([fixture], { hostFiles: bench.hostFiles }), bench.folder);
  expect(text.replaceAll(`${bench.folder}/`, '')).toBe(`shout.reward.json
  ✗ a: expected 1, but it is invalid: Error: no
      seen a
      Error: no
          at f (shout.reward.mjs:3:9)
0 passed, 1 failed`);
});

it('the types for users are those of the scorer', () => {
  expectTypeOf<RewardSample>().toEqualTypeOf<SampleForUsers>();
});
