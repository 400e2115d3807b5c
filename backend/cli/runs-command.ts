// `superrl runs`: the runs of a directory and where each stands.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { fromLoggedNumber } from '../protocol/events';
import { type ListedRun, listRuns } from '../trainer/run-folder/run-listing';
import { type CommandContext, type CommonOptions, createCommand, runsOption } from './command';
import { exitCodes } from './error-report';
import { numberText, shareText } from './number-text';
import { evaluationParts } from './run-progress';
import { textTable } from './text-table';

export function runsCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('runs', 'List runs and where each stands')
    .addOption(runsOption())
    .action((options: CommonOptions & { runs?: string }) => {
      const directory = resolve(options.runs ?? 'runs');
      const runs = listRuns(directory);
      if (options.json) terminal.out(runs.map((run) => `${JSON.stringify(runJson(run))}\n`).join(''));
      else if (runs.length === 0) terminal.out(`No runs in ${directory}. Start one with "superrl train".\n`);
      else terminal.out(runsTable(runs));
      finish(exitCodes.done);
    });
}

/** Runs as a table, newest first; damaged ones with their problem below it. */
export function runsTable(runs: readonly ListedRun[]): string {
  const table = textTable<ListedRun>(
    [
      { title: 'RUN', cell: (run) => run.id },
      { title: 'STATE', cell: (run) => run.state },
      { title: 'METHOD', cell: (run) => run.record?.config.method ?? '–' },
      { title: 'STEP', align: 'right', cell: (run) => String(run.step) },
      { title: 'BUDGET', align: 'right', cell: (run) => shareText(run.progress) },
      { title: 'REWARD', align: 'right', cell: (run) => (run.reward === undefined ? '–' : numberText(run.reward)) },
      { title: 'HELD-OUT', cell: heldOut },
      { title: 'CHECKPOINTS', cell: (run) => run.checkpoints.join(' ') || '–' },
    ],
    runs,
  );
  const problems = runs.flatMap((run) => (run.problem === undefined ? [] : [`${run.id}: ${run.problem}\n`]));
  return table + problems.join('');
}

function heldOut(run: ListedRun): string {
  if (!run.evaluation) return '–';
  return evaluationParts(run.evaluation)
    .map(({ name, share }) => `${name} ${shareText(share)}`)
    .join(' ');
}

function runJson(run: ListedRun): Record<string, unknown> {
  const { record, evaluation, ...rest } = run;
  return {
    ...rest,
    method: record?.config.method,
    runFile: record?.runFile,
    createdAt: record?.createdAt,
    evaluation: evaluation && {
      step: evaluation.step,
      ...Object.fromEntries(Object.entries(evaluation.values).map(([name, value]) => [name, fromLoggedNumber(value)])),
    },
  };
}
