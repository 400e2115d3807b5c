// Reward fixtures, run through the same scorer as training.
import { findFixtures, runFixtures as runAll } from '../../rewards/run-fixtures';
import type { Computation } from './computation';

export const runFixtures: Computation<'runFixtures'> = async ({ files, settings }, report) => {
  const { timeoutMs: _, ...hosts } = settings; // a fixture has its own, the same here as in a terminal
  const results = [];
  const fixtures = findFixtures(files);
  for (const [index, file] of fixtures.entries()) {
    report.progress(index, fixtures.length, file);
    results.push(...(await runAll([file], hosts)));
  }
  return { results };
};
