// Entry of the command line: dist/superrl.mjs.
import { runCommandLine } from './program';
import { processTerminal } from './terminal';

// A reader that leaves early (`superrl runs | head`) is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
