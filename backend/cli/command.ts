// What every command shares: --json and --verbose, its terminal, and the exit code it gives back.
import { Command, Option } from 'commander';
import type { Terminal } from './terminal';

export interface CommandContext {
  readonly terminal: Terminal;
  /** Called once with the exit code of the command that ran. */
  readonly finish: (exitCode: number) => void;
}

export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** A command with the options that every one takes. */
export function createCommand(usage: string, summary: string): Command {
  const [name = '', ...args] = usage.split(' ');
  const command = new Command(name).description(summary);
  for (const argument of args) command.argument(argument);
  return command
    .option('--json', 'print JSON for programs instead of text for people')
    .option('--verbose', 'print stack traces of errors');
}

/** `--runs DIR`, where a command looks for runs. */
export function runsOption(): Option {
  return new Option('--runs <dir>', 'directory of the runs; default: "runs" beside the run file, or in this folder');
}

/** A value that may be given many times, in order. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
