// `superrl stop RUN`: asks the trainer of a live run, wherever it was started, to finish the step, save and end.
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { SuperRlError } from '../protocol/errors';
import { requestControl } from '../trainer/run-folder/control-file';
import { describeRun, findRun } from '../trainer/run-folder/run-listing';
import { runLockState } from '../trainer/run-folder/run-lock';
import { type CommandContext, type CommonOptions, createCommand, runsOption } from './command';
import { exitCodes } from './error-report';

interface StopOptions extends CommonOptions {
  readonly runs?: string;
  readonly wait: boolean;
}

export function stopCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('stop <run>', 'Ask a live run to finish its step, save and end')
    .addOption(runsOption())
    .option('--no-wait', 'return at once instead of waiting for its end')
    .action(async (run: string, options: StopOptions) => {
      const folder = findRun(run, resolve(options.runs ?? 'runs'));
      const { state } = runLockState(folder);
      if (state !== 'alive') throw notRunning(folder, state);
      await requestControl(folder, 'stop', 'superrl stop');
      if (options.wait) {
        if (!options.json) terminal.err(`Asked ${basename(folder)} to stop; waiting for the end of its step…\n`);
        while (runLockState(folder).state === 'alive') await sleep(200);
      }
      const now = describeRun(folder);
      if (options.json) terminal.out(`${JSON.stringify({ run: now.id, folder, state: now.state, step: now.step })}\n`);
      else if (options.wait) terminal.out(`${now.id} is ${now.state} at step ${now.step}.\n`);
      else terminal.out(`Asked ${now.id} to stop.\n`);
      finish(exitCodes.done);
    });
}

function notRunning(folder: string, lock: 'free' | 'dead' | 'unknown'): SuperRlError {
  const id = basename(folder);
  if (lock === 'unknown') {
    return new SuperRlError('run', `${id} is held on another machine, if it still runs; stop it there.`);
  }
  return new SuperRlError('run', `${id} is not running (${describeRun(folder).state}); there is nothing to stop.`);
}
