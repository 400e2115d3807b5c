// `superrl reward test`: fixtures with expected scores, or what the rewards of a run file say of given
// completions or of the traces.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { openDataset } from '../data/dataset';
import { attachTraces } from '../data/traces';
import { sumRewards } from '../method/rewards-sum';
import { isSuccess } from '../method/success';
import { SuperRlError } from '../protocol/errors';
import { fromLoggedNumber } from '../protocol/events';
import type { RewardOutcome } from '../protocol/sample';
import { createScorer } from '../rewards/create-scorer';
import { findFixtures, fixturesPassed, renderFixtureResults, runFixtures } from '../rewards/run-fixtures';
import type { RewardSample, Scorer } from '../rewards/scorer';
import { readRunSettings } from '../trainer/run-settings';
import { type CommandContext, type CommonOptions, collect, createCommand } from './command';
import { exitCodes } from './error-report';
import { wholeNumber } from './number-option';
import { numberText } from './number-text';
import { printable } from './paint';

interface TestOptions extends CommonOptions {
  readonly completion?: readonly string[];
  readonly row: number;
  readonly rows: number;
  readonly set?: readonly string[];
}

/** What the rewards said of one completion; JSON-ready. */
export interface TestedCompletion {
  /** 1-based row of the dataset. */
  readonly row: number;
  readonly prompt: string;
  readonly completion: string;
  readonly rewards: Readonly<Record<string, RewardOutcome>>;
  /** Weighted sums; null when a component is invalid. */
  readonly reward: number | null;
  readonly correctness: number | null;
  readonly success: boolean;
  readonly invalidReason?: string;
}

export function rewardCommand(context: CommandContext): Command {
  return new Command('reward').description('Try reward functions').addCommand(testCommand(context));
}

function testCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('test <paths...>', 'Run reward fixtures, or score completions with the rewards of a run file')
    .option('--completion <text>', 'a completion to score; may be given several times. Default: the traces', collect)
    .option('--row <n>', 'the row of the dataset to begin with, from 1', wholeNumber('--row', 1), 1)
    .option('--rows <n>', 'how many rows', wholeNumber('--rows', 1), 1)
    .option('--set <path=value>', 'change a field of the run file; may be given several times', collect)
    .addHelpText(
      'after',
      '\nPATHS: fixtures (*.reward.json) and folders with some; or one run file, whose rewards are tried.' +
        '\nExit code 1 when a case fails, or a reward throws, times out or gives no number.',
    )
    .action(async (paths: string[], options: TestOptions) => {
      const [run] = paths;
      if (run === undefined || paths.length > 1 || holdsFixtures(run)) {
        const results = await runFixtures(findFixtures(paths.map((path) => resolve(path))));
        const text = options.json ? JSON.stringify(results) : printable(renderFixtureResults(results, process.cwd()));
        terminal.out(`${text}\n`);
        finish(fixturesPassed(results) ? exitCodes.done : exitCodes.failed);
        return;
      }
      const { config, baseFolder } = readRunSettings(run, options.set ?? []);
      const scorer = await createScorer({ rewards: config.rewards, baseFolder });
      try {
        const samples = await samplesOf(config, baseFolder, options);
        const outcomes = await scorer.score(samples.map(({ sample }) => sample));
        const tested = samples.map(({ row, sample }, index) =>
          testedCompletion(row, sample, scorer, outcomes[index] ?? [], config.switch.successAbove),
        );
        for (const one of tested) terminal.out(options.json ? `${JSON.stringify(one)}\n` : testedText(one));
        finish(tested.some(({ invalidReason }) => invalidReason !== undefined) ? exitCodes.failed : exitCodes.done);
      } finally {
        await scorer.close();
      }
    });
}

function holdsFixtures(path: string): boolean {
  return path.endsWith('.reward.json') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

type Config = ReturnType<typeof readRunSettings>['config'];

async function samplesOf(config: Config, baseFolder: string, options: TestOptions) {
  const { data, traces } = config;
  const dataset = await openDataset({ file: resolve(baseFolder, data.train), map: data.map, onBadRow: 'skip' });
  const placed = traces && {
    ...traces,
    ...(traces.path === undefined ? {} : { path: resolve(baseFolder, traces.path) }),
  };
  const traced = await attachTraces(dataset, options.completion ? undefined : placed);
  try {
    const first = options.row - 1;
    if (first >= traced.length) {
      throw new SuperRlError('usage', `--row ${options.row}: the dataset has ${traced.length} usable rows.`);
    }
    const samples: { row: number; sample: RewardSample }[] = [];
    for (let index = first; index < Math.min(traced.length, first + options.rows); index++) {
      const row = await traced.row(index);
      const completions = options.completion ?? row.demonstrations;
      for (const [completion, text] of completions.entries()) {
        const group = { index: index - first, completion, size: completions.length };
        const { prompt, answer, columns } = row;
        samples.push({
          row: index + 1,
          sample: { prompt, completion: text, answer, row: columns, group, tokenIds: [] },
        });
      }
    }
    if (samples.length > 0) return samples;
    throw new SuperRlError('usage', 'These rows have no traces. Give a completion with --completion "…".');
  } finally {
    await traced.close();
  }
}

function testedCompletion(
  row: number,
  { prompt, completion }: RewardSample,
  { components }: Scorer,
  outcomes: readonly RewardOutcome[],
  successAbove: number,
): TestedCompletion {
  const rewards = Object.fromEntries(
    components.flatMap(({ name }, index) => {
      const outcome = outcomes[index];
      return outcome ? [[name, outcome] as const] : [];
    }),
  );
  const sums = sumRewards(components, rewards);
  const success = sums.correctness !== null && isSuccess(sums.correctness, successAbove);
  return { row, prompt, completion, rewards, ...sums, success };
}

/** One completion for a person. */
export function testedText(tested: TestedCompletion): string {
  const lines = [`row ${tested.row}: ${JSON.stringify(tested.completion)}`];
  for (const [name, outcome] of Object.entries(tested.rewards)) {
    if ('invalid' in outcome) {
      lines.push(`  ${name}: invalid (${outcome.invalid}): ${outcome.reason}`);
      if (outcome.stack) lines.push(...outcome.stack.split('\n').map((line) => `    ${line}`));
    } else {
      lines.push(
        `  ${name}: ${outcome.value === null ? 'does not apply' : numberText(fromLoggedNumber(outcome.value))}`,
      );
    }
    if (outcome.console)
      lines.push(
        ...outcome.console
          .trimEnd()
          .split('\n')
          .map((line) => `    | ${line}`),
      );
  }
  const sum =
    tested.reward === null || tested.correctness === null
      ? `  invalid: ${tested.invalidReason ?? ''}`
      : `  reward ${numberText(tested.reward)}, correctness ${numberText(tested.correctness)}: ${tested.success ? 'success' : 'no success'}`;
  return printable(`${[...lines, sum].join('\n')}\n`);
}
