// The parent's side of a trainer process, for the command line and the server: starts it, sends it requests, and
// says how it ended. A native crash or a kill shows here as its exit; the run folder stays resumable.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEnvironment, runsOnEditor } from '../protocol/child-environment';
import { SuperRlError } from '../protocol/errors';
import type { ControlAction } from './run-folder/control-file';
import { markInterrupted } from './run-folder/open-run-ledger';
import { type FromTrainer, fromTrainerSchema, type StartMessage, type ToTrainer } from './trainer-messages';

export interface TrainerProcessOptions {
  /** Default: trainer.mjs beside the running bundle. */
  readonly entry?: string | undefined;
  /** Node executable; default: that of this process. */
  readonly nodePath?: string | undefined;
  /** Arguments of the executable, such as `--inspect-brk=0`. */
  readonly nodeArguments?: readonly string[] | undefined;
  /** Lines the trainer's process writes to its standard error. */
  readonly onOutput?: ((text: string) => void) | undefined;
}

export interface TrainerEnd {
  readonly state: 'finished' | 'failed' | 'interrupted';
  /** Why it failed; also for a process that died without a word. */
  readonly error?: SuperRlError | undefined;
}

export interface TrainerProcess {
  readonly pid: number | undefined;
  /** The run folder, once its log is open. Rejects when the run could not be started. */
  readonly opened: Promise<string>;
  /** Never rejects. */
  readonly ended: Promise<TrainerEnd>;
  request(action: ControlAction, by: string): void;
  /** Ends the process at once; the run stays resumable from its last checkpoint. */
  kill(): void;
}

/** Forks the trainer and gives it its work; `opened` and `ended` of the result tell how it went. */
export function startTrainer(start: StartMessage, options: TrainerProcessOptions = {}): TrainerProcess {
  const execPath = options.nodePath ?? process.execPath;
  const child = fork(options.entry ?? fileURLToPath(new URL('./trainer.mjs', import.meta.url)), [], {
    execPath,
    execArgv: [...(options.nodeArguments ?? [])],
    env: childEnvironment('trainer', process.platform, process.env, { editorExecutable: runsOnEditor(execPath) }),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let folder: string | undefined;
  let last: Extract<FromTrainer, { kind: 'ended' }> | undefined;
  let errorOutput = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-errorOutputKept);
    options.onOutput?.(text);
  });

  const ended = new Promise<TrainerEnd>((resolve) => {
    child.on('error', (cause) => {
      const message = `The trainer's process can't be started (${cause.message}). Run "npm run build", or check ${execPath}.`;
      resolve({ state: 'failed', error: new SuperRlError('engine', message, { cause }) });
    });
    child.on('exit', (code, signal) => {
      const end = last
        ? { state: last.state, error: last.error && received(last.error) }
        : diedSilently(folder, code, signal, errorOutput);
      // Does nothing where the trainer has closed its log in good order.
      if (folder !== undefined) closeBooks(folder, end.error?.message ?? 'The trainer ended without saving.');
      resolve(end);
    });
  });
  const opened = new Promise<string>((resolve, reject) => {
    child.on('message', (raw) => {
      const message = fromTrainerSchema.parse(raw);
      if (message.kind === 'ended') last = message;
      else {
        folder = message.folder;
        resolve(message.folder);
      }
    });
    void ended.then(({ error }) => reject(error ?? new SuperRlError('internal', 'The trainer ended before it began.')));
  });
  opened.catch(() => {}); // who waits for `ended` only hears it there
  send(child, start);
  return {
    pid: child.pid,
    opened,
    ended,
    request: (action, by) => send(child, { kind: 'control', action, by }),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** On a full disk this fails too: the run is seen as interrupted all the same, and the next holder appends it. */
function closeBooks(folder: string, reason: string): void {
  try {
    markInterrupted(folder, reason);
  } catch (error) {
    if (!(error instanceof SuperRlError)) throw error;
  }
}

const errorOutputKept = 4000;

function send(child: ChildProcess, message: ToTrainer): void {
  if (child.connected) child.send(message, () => {}); // a child that has just gone is told by its exit
}

function received({
  code,
  message,
  stack,
}: NonNullable<Extract<FromTrainer, { kind: 'ended' }>['error']>): SuperRlError {
  const error = new SuperRlError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** A native crash, a kill, no memory: the log is closed here, since the process could not. */
function diedSilently(
  folder: string | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
  errorOutput: string,
): TrainerEnd {
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
  const hint =
    signal === 'SIGKILL' ? ' The system may have run out of memory: lower rollout.promptsPerStep or rollout.k.' : '';
  const said = errorOutput.trim() === '' ? '' : ` It said: ${errorOutput.trim()}`;
  const advice = folder === undefined ? '' : ' The run is kept: go on with it by --resume.';
  const error = new SuperRlError('engine', `The trainer's process ${how}.${hint}${advice}${said}`);
  return { state: folder === undefined ? 'failed' : 'interrupted', error };
}
