// `superrl serve`: the server that the editor's windows share. They start it themselves; by hand it serves too.
import type { Command } from 'commander';
import { type CommandContext, type CommonOptions, createCommand } from './command';
import { exitCodes } from './error-report';
import { wholeNumber } from './number-option';

interface ServeCommandOptions extends CommonOptions {
  readonly readOnly?: boolean;
  readonly idleSeconds: number;
}

export function serveCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('serve', 'Serve the windows of the editor (they start this by themselves)')
    .option('--read-only', 'runs can be viewed; nothing is trained or executed')
    .option(
      '--idle-seconds <n>',
      'end when no window and no run has been there for so long',
      wholeNumber('--idle-seconds', 1),
      600,
    )
    .addHelpText(
      'after',
      '\nThere is one server a user. With another one alive this ends at once with code 0. Ctrl-C ends it when the runs\n' +
        'under way have finished their step and saved; twice: at once. Windows find it by a record in the state folder, see docs/server.md.',
    )
    .action(async (options: ServeCommandOptions) => {
      const { serve } = await import('../server/serve');
      const log = (text: string): void => terminal.err(`${new Date().toISOString()} ${text}\n`);
      const server = await serve({ readOnly: options.readOnly ?? false, idleMs: options.idleSeconds * 1000, log });
      if (!server) {
        if (options.json) terminal.out(`${JSON.stringify({ alreadyRunning: true })}\n`);
        else terminal.out('Another server of yours is running already.\n');
        finish(exitCodes.done);
        return;
      }
      const { record, recordFile, stop, ended } = server;
      const { pid, port } = record;
      if (options.json) terminal.out(`${JSON.stringify({ pid, port, record: recordFile })}\n`);
      else terminal.out(`Serving on 127.0.0.1:${port} (process ${pid}). Windows find it by ${recordFile}\n`);
      let isAsked = false;
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => {
          if (isAsked) process.exit(exitCodes.interrupted); // trainers see their channel close, and save
          isAsked = true;
          void stop(`The server was told to end (${signal}).`);
        });
      }
      // A defect must not take the live runs along: it is logged, and the server goes on.
      process.on('uncaughtException', (error) => log(`Unexpected: ${error.stack ?? error.message}`));
      log(`Ended: ${await ended}`);
      finish(exitCodes.done);
    });
}
