// `superrl report RUN…`: what the Adaptive Switch did in a run and what came of it; several runs side by side.
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { readRunRecord } from '../trainer/run-folder/run-json';
import { findRun } from '../trainer/run-folder/run-listing';
import { readStandingEvents } from '../trainer/run-folder/standing-events';
import { switchReport } from '../trainer/switch-report';
import { type CommandContext, type CommonOptions, createCommand, runsOption } from './command';
import { exitCodes } from './error-report';
import { wholeNumber } from './number-option';
import { comparisonText, type ReportedRun, reportText } from './report-text';
import { rescueTexts } from './rescue-texts';

interface ReportOptions extends CommonOptions {
  readonly runs?: string;
  readonly examples: number;
}

export function reportCommand({ terminal, finish }: CommandContext): Command {
  return createCommand(
    'report <run...>',
    'What the switch did in a run, and what came of it; several runs side by side',
  )
    .addOption(runsOption())
    .option('--examples <n>', 'prompts that a trace helped to show', wholeNumber('--examples', 0), 3)
    .action(async (names: string[], options: ReportOptions) => {
      const directory = resolve(options.runs ?? 'runs');
      const runs: ReportedRun[] = [];
      for (const name of names) runs.push(await readRun(findRun(name, directory), options.examples));
      if (options.json) terminal.out(runs.map((run) => `${JSON.stringify(runJson(run))}\n`).join(''));
      else terminal.out([...(runs.length > 1 ? [comparisonText(runs)] : []), ...runs.map(reportText)].join('\n'));
      finish(exitCodes.done);
    });
}

async function readRun(folder: string, examples: number): Promise<ReportedRun> {
  const record = readRunRecord(folder);
  const report = switchReport(readStandingEvents(folder));
  return { id: record.id, folder, record, report, examples: await rescueTexts(folder, report.rescues, examples) };
}

function runJson({ id, folder, record, report, examples }: ReportedRun): Record<string, unknown> {
  const { rescues: _, ...figures } = report;
  return { run: id, folder, method: record.config.method, ...figures, examples };
}
