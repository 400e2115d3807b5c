// Runs reward fixtures (`*.reward.json`) through the same scorer as training, and renders the results.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { errorText, SuperRlError } from '../protocol/errors';
import { fromLoggedNumber } from '../protocol/events';
import {
  type FixtureResult,
  fixtureCaseName,
  type ReadRewardFixture,
  type RewardFixtureCase,
  readRewardFixture,
} from '../protocol/reward-fixture';
import type { RewardOutcome } from '../protocol/sample';
import { createScorer, type ScorerOptions } from './create-scorer';
import type { RewardSample } from './scorer';

const skippedFolders = new Set(['node_modules', '.git', 'runs', 'dist']);

/** The fixtures among files and, at any depth, in folders; sorted. Throws SuperRlError(usage) when there are none. */
export function findFixtures(paths: readonly string[]): string[] {
  const found = paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) throw new SuperRlError('usage', `There is no file or folder ${path}.`);
    return stats.isDirectory() ? fixturesIn(path) : [path];
  });
  if (found.length > 0) return [...new Set(found)].sort();
  throw new SuperRlError('usage', `No reward fixtures (*.reward.json) found in ${paths.join(', ')}.`);
}

function fixturesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return skippedFolders.has(entry.name) ? [] : fixturesIn(path);
    return entry.name.endsWith('.reward.json') ? [path] : [];
  });
}

/** Runs each fixture file; never throws for what a fixture or its reward does. */
export async function runFixtures(
  files: readonly string[],
  options: Omit<ScorerOptions, 'rewards' | 'baseFolder'> = {},
): Promise<FixtureResult[]> {
  const results: FixtureResult[] = [];
  for (const file of files) {
    try {
      results.push(await runFixture(file, readRewardFixture(readFileSync(file, 'utf8'), file), options));
    } catch (error) {
      results.push({ fixtureFile: file, error: errorText(error), cases: [] });
    }
  }
  return results;
}

async function runFixture(
  file: string,
  { fixture, caseLines }: ReadRewardFixture,
  options: Omit<ScorerOptions, 'rewards' | 'baseFolder'>,
): Promise<FixtureResult> {
  const { cases, use, options: rewardOptions, file: rewardFile, export: wanted, timeoutMs } = fixture;
  const reward = { name: use ?? rewardFile ?? '', use, options: rewardOptions, file: rewardFile, export: wanted };
  const scorer = await createScorer({
    ...options,
    rewards: [{ ...reward, weight: 1, role: 'correctness', timeoutMs }],
    baseFolder: dirname(file),
  });
  try {
    const samples = cases.map(fixtureSample);
    const outcomes = await scorer.score(samples);
    return {
      fixtureFile: file,
      cases: cases.map((one, index) => {
        const outcome = outcomes[index]?.[0] ?? { invalid: 'hostFailed', reason: 'There is no outcome.' };
        const message = mismatch(one, outcome);
        const common = { name: fixtureCaseName(one), line: caseLines[index] ?? 1, outcome };
        return message === undefined ? { ...common, passed: true } : { ...common, passed: false, message };
      }),
    };
  } finally {
    await scorer.close();
  }
}

/** What the reward gets. Each case is a group of its own, so that one that fails a batch doesn't take the others along. */
export function fixtureSample(one: RewardFixtureCase, index: number): RewardSample {
  return {
    prompt: one.prompt,
    completion: one.completion,
    answer: one.answer ?? one.row.answer,
    row: one.row,
    group: { index, completion: 0, size: 1 },
    tokenIds: one.tokenIds,
  };
}

/** undefined when the outcome is as expected. */
function mismatch({ expected, tolerance }: RewardFixtureCase, outcome: RewardOutcome): string | undefined {
  const wanted = expected === null ? 'null (does not apply)' : expected;
  if ('invalid' in outcome) {
    return expected === 'invalid' ? undefined : `expected ${wanted}, but it is invalid: ${outcome.reason}`;
  }
  const value = outcome.value === null ? null : fromLoggedNumber(outcome.value);
  const same =
    typeof expected === 'number' && value !== null ? Math.abs(value - expected) <= tolerance : value === expected;
  return same ? undefined : `expected ${wanted}, got ${value === null ? 'null (does not apply)' : value}`;
}

/** Every file could be run and every case gave what it should. */
export function fixturesPassed(results: readonly FixtureResult[]): boolean {
  return results.every((result) => result.error === undefined && result.cases.every((one) => one.passed));
}

/** The results for a terminal; paths relative to `folder`. */
export function renderFixtureResults(results: readonly FixtureResult[], folder: string): string {
  const lines = results.flatMap(({ fixtureFile, error, cases }) => [
    relative(folder, fixtureFile) || fixtureFile,
    ...(error === undefined ? [] : [`  ✗ ${error}`]),
    ...cases.flatMap((one) => [
      `  ${one.passed ? '✓' : '✗'} ${one.name}${one.message === undefined ? '' : `: ${one.message}`}`,
      ...(one.passed ? [] : indented(one.outcome.console)),
      ...(one.passed || !('invalid' in one.outcome) ? [] : indented(one.outcome.stack)),
    ]),
  ]);
  const all = results.flatMap((result) => result.cases);
  const passed = all.filter((one) => one.passed).length;
  const broken = results.filter((result) => result.error !== undefined).length;
  const failed = all.length - passed;
  const counts = [
    `${passed} passed`,
    ...(failed ? [`${failed} failed`] : []),
    ...(broken ? [`${broken} not loaded`] : []),
  ];
  return [...lines, counts.join(', ')].join('\n');
}

function indented(text: string | undefined): string[] {
  return text === undefined
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => `      ${line}`);
}
