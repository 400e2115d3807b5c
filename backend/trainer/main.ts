// The trainer's process (dist/trainer.mjs), forked by trainer-process.ts. It lives as long as its run. When the
// channel to its parent closes it finishes the step, saves and ends: nobody is left to ask.
import { SuperRlError } from '../protocol/errors';
import { RunControl } from './run-control';
import { trainRun } from './train-run';
import { type FromTrainer, type SentError, type StartMessage, toTrainerSchema } from './trainer-messages';

const control = new RunControl();
let started = false;

process.on('message', (raw) => {
  const parsed = toTrainerSchema.safeParse(raw);
  if (!parsed.success)
    return void fail(
      new SuperRlError('internal', `The trainer got a message it doesn't know: ${parsed.error.message}`),
    );
  const message = parsed.data;
  if (message.kind === 'control') control.apply(message);
  else if (!started) void run(message);
});
process.on('disconnect', () => {
  if (!started) process.exit(0);
  control.requestStop('The process that started this run has gone.');
});
// An error outside the run's own flow: the parent closes the run's log.
process.on('uncaughtException', (error) => void fail(error));
// The reader of its standard error may be gone too: that is no reason not to save.
process.stderr.on('error', () => {});
// Ctrl-C goes to the whole group of a terminal; the parent says what it means.
process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', () => control.requestStop('The trainer was told to end (SIGTERM).'));

async function run(start: StartMessage): Promise<void> {
  started = true;
  try {
    const { state } = await trainRun(start, { control, onOpened: (folder) => void send({ kind: 'opened', folder }) });
    await send({ kind: 'ended', state });
    process.exit(0);
  } catch (error) {
    await fail(error);
  }
}

async function fail(error: unknown): Promise<void> {
  await send({ kind: 'ended', state: 'failed', error: sentError(error) });
  process.exit(1);
}

function sentError(error: unknown): SentError {
  if (error instanceof SuperRlError) return { code: error.code, message: error.message, stack: error.stack };
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code: 'internal', message, stack };
}

/** Resolves when the message has left this process, or when nobody listens any more. */
function send(message: FromTrainer): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
