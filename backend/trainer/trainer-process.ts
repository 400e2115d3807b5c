// The trainer's process as its parent (command line or server) sees it: started by fork, asked by messages,
// never by signals. The child's half is main.ts.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SuperRlError } from '../protocol/errors';
import { childEnvironment, runsOnEditor } from '../rewards/child-environment';
import type { ControlAction } from './run-folder/control-file';
import {
  type FromTrainer,
  fromTrainerSchema,
  type SentError,
  type StartMessage,
  type ToTrainer,
} from './trainer-messages';

export type TrainerEnd =
  | { readonly state: 'finished' | 'failed' | 'interrupted'; readonly error?: SuperRlError }
  /** The process ended without a last message: killed, or crashed in native code. */
  | {
      readonly state: 'died';
      readonly exitCode: number | null;
      readonly signal: NodeJS.Signals | null;
      /** The end of what it wrote to stderr. */
      readonly output: string;
    };

export interface TrainerProcess {
  readonly pid: number | undefined;
  /** Resolves with the run folder once its log is open; never when the trainer ends before. */
  readonly opened: Promise<string>;
  /** Resolves when the process is gone. */
  readonly ended: Promise<TrainerEnd>;
  /** Asks for something at the next safe point. */
  request(action: ControlAction, by: string): void;
  /** Ends the process at once; what was saved before is safe. */
  kill(): void;
}

/** The bundle beside this one. */
const trainerEntry = (): string => fileURLToPath(new URL('./trainer.mjs', import.meta.url));

/** Characters of the child's stderr that are kept. */
const keptOutput = 4000;

export function startTrainer(start: StartMessage, entry: string = trainerEntry()): TrainerProcess {
  const editorExecutable = runsOnEditor(process.execPath);
  const child = fork(entry, [], {
    env: childEnvironment('trainer', process.platform, process.env, { editorExecutable }),
    // Its stdout must not disturb the parent's picture.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  let output = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptOutput);
  });

  const send = (message: ToTrainer): void => {
    // A channel that has just closed is no error: `ended` tells.
    if (child.connected) child.send(message, () => undefined);
  };
  let lastMessage: Extract<FromTrainer, { kind: 'ended' }> | undefined;
  const opened = new Promise<string>((resolve) => {
    child.on('message', (value) => {
      const message = fromTrainerSchema.parse(value);
      if (message.kind === 'opened') resolve(message.folder);
      else lastMessage = message;
    });
  });
  const ended = new Promise<TrainerEnd>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      if (child.pid === undefined) resolve({ state: 'died', exitCode: null, signal: null, output });
    });
    child.on('close', (exitCode, signal) =>
      resolve(lastMessage ? endOf(lastMessage) : { state: 'died', exitCode, signal, output }),
    );
  });
  send(start);
  return {
    pid: child.pid,
    opened,
    ended,
    request: (action, by) => send({ kind: 'control', action, by }),
    kill: () => child.kill('SIGKILL'),
  };
}

function endOf({ state, error }: Extract<FromTrainer, { kind: 'ended' }>): TrainerEnd {
  return error ? { state, error: rebuildError(error) } : { state };
}

function rebuildError({ code, message, stack }: SentError): SuperRlError {
  const error = new SuperRlError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
