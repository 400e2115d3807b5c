// The superrl program: its commands, and how every error becomes one message and an exit code.
import { Command, CommanderError } from 'commander';
import { SuperRlError } from '../protocol/errors';
import type { CommandContext } from './command';
import { dataCommand } from './data-command';
import { doctorCommand } from './doctor-command';
import { errorReport, exitCodeOf, exitCodes } from './error-report';
import { evalCommand } from './eval-command';
import { exportCommand } from './export-command';
import { reportCommand } from './report-command';
import { rewardCommand } from './reward-command';
import { runsCommand } from './runs-command';
import { sampleCommand } from './sample-command';
import { scoreCommand } from './score-command';
import { serveCommand } from './serve-command';
import { setupCommand } from './setup-command';
import { stopCommand } from './stop-command';
import type { Terminal } from './terminal';
import { trainCommand } from './train-command';
import { programVersion } from './version';

/** Runs the command line and returns the exit code. Never throws. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = exitCodes.done;
  const context: CommandContext = {
    terminal,
    finish: (code) => {
      exitCode = code;
    },
  };
  try {
    await createProgram(context).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done; // --help, --version
    const cause = error instanceof CommanderError ? usageError(error) : error;
    const options = {
      json: argv.includes('--json'),
      verbose: argv.includes('--verbose'),
      hasColor: terminal.hasColor,
    };
    terminal.err(errorReport(cause, options));
    return exitCodeOf(cause);
  }
}

function createProgram(context: CommandContext): Command {
  const { terminal } = context;
  const program = new Command('superrl')
    .description(
      'Train reasoning language models by reinforcement learning with verifiable rewards, and by offline traces where reward is sparse (SuperRL).',
    )
    .version(programVersion(), '--version', 'print the version')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 bad usage or bad configuration, 130 interrupted (state saved).',
    );
  const commands = [
    trainCommand,
    evalCommand,
    scoreCommand,
    sampleCommand,
    dataCommand,
    rewardCommand,
    exportCommand,
    runsCommand,
    reportCommand,
    stopCommand,
    serveCommand,
    setupCommand,
    doctorCommand,
  ];
  for (const create of commands) program.addCommand(create(context));
  settle(program, terminal);
  return program;
}

/** Throws instead of exiting, and leaves printing of errors to runCommandLine. */
function settle(command: Command, terminal: Terminal): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => terminal.out(text),
    writeErr: (text) => terminal.err(text),
    outputError: () => undefined,
  });
  for (const sub of command.commands) settle(sub, terminal);
}

function usageError(error: CommanderError): SuperRlError {
  if (error.code === 'commander.help') {
    return new SuperRlError('usage', 'A command is missing. "superrl --help" lists them.', { cause: error });
  }
  const sentence = error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)$/, '. Did you mean $1?');
  const ended = /[.?]$/.test(sentence) ? sentence : `${sentence}.`;
  return new SuperRlError('usage', `${ended[0]?.toUpperCase()}${ended.slice(1)} See "superrl help".`, { cause: error });
}
