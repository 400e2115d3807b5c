// `superrl data inspect` and `superrl data audit`: what a dataset holds, and whether its traces are worth learning.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { renderAudit } from '../data/audit';
import { heldOutRequest } from '../data/held-out-data';
import { inspectDataset, renderInspection } from '../data/inspect';
import { SuperRlError } from '../protocol/errors';
import { readRunSettings } from '../trainer/run-settings';
import { type CommandContext, type CommonOptions, collect, createCommand } from './command';
import { exitCodes } from './error-report';
import { wholeNumber } from './number-option';
import { printable } from './paint';

interface InspectOptions extends CommonOptions {
  readonly map?: readonly string[];
  readonly limit?: number;
  readonly examples: number;
}

export function dataCommand(context: CommandContext): Command {
  return new Command('data')
    .description('Look at datasets and traces')
    .addCommand(inspectCommand(context))
    .addCommand(auditCommand(context));
}

function inspectCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('inspect <file>', 'Show how a dataset is understood: layout, mapping, problems, first rows')
    .option('--map <field=column>', 'map a field (prompt, answer, demonstration, id) to a column or template', collect)
    .option('--limit <n>', 'read the first N rows only', wholeNumber('--limit', 1))
    .option('--examples <n>', 'rows to show', wholeNumber('--examples', 0), 3)
    .addHelpText(
      'after',
      '\nFILE: JSONL, JSON, CSV or Parquet, each also .gz; or a run file, whose data and traces are shown, and\nheld-out prompts that are among them.',
    )
    .action(async (file: string, options: InspectOptions) => {
      const { examples, limit } = options;
      const inspection = await inspectDataset(
        isRunFile(file)
          ? { ...runRequest(file, options), examples }
          : {
              file: resolve(file),
              map: parseMap(options.map ?? []),
              examples,
              ...(limit === undefined ? {} : { limit }),
            },
      );
      terminal.out(options.json ? `${JSON.stringify(inspection)}\n` : `${printable(renderInspection(inspection))}\n`);
      finish(exitCodes.done);
    });
}

function auditCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('audit <run>', "Score every trace with the run's own rewards and list those that teach nothing")
    .option('--set <path=value>', 'change a field of the run file; may be given several times', collect)
    .action(async (run: string, options: CommonOptions & { set?: readonly string[] }) => {
      const { auditRun } = await import('../trainer/audit-run');
      const report = await auditRun(readRunSettings(run, options.set ?? []));
      terminal.out(options.json ? `${JSON.stringify(report)}\n` : `${printable(renderAudit(report))}\n`);
      finish(exitCodes.done);
    });
}

type Config = ReturnType<typeof readRunSettings>['config'];

function trainRequest({ data }: Config, baseFolder: string) {
  const limit = data.limit === undefined ? {} : { limit: data.limit };
  return { file: resolve(baseFolder, data.train), map: data.map, onBadRow: 'skip', ...limit } as const;
}

function runRequest(file: string, options: InspectOptions) {
  if (options.map) throw new SuperRlError('usage', '--map is for dataset files; a run file says its own data.map.');
  const { config, baseFolder } = readRunSettings(file);
  const request = {
    ...trainRequest(config, baseFolder),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    heldOutData: heldOutRequest(config.data, baseFolder),
  };
  if (!config.traces) return request;
  const { path } = config.traces;
  return {
    ...request,
    traces: { ...config.traces, ...(path === undefined ? {} : { path: resolve(baseFolder, path) }) },
  };
}

function isRunFile(file: string): boolean {
  return file.endsWith('.superrl.json') || existsSync(join(file, 'run.json'));
}

function parseMap(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      if (equals < 1)
        throw new SuperRlError('usage', `--map "${entry}": write field=column, for example prompt=question.`);
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}
