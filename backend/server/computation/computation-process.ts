// The server's side of a computation process: one request at a time, progress passed on, killed on cancel. A
// crash in there is an error of that request and nothing else.
import { type ChildProcess, fork } from 'node:child_process';
import { childEnvironment, runsOnEditor } from '../../protocol/child-environment';
import { SuperRlError } from '../../protocol/errors';
import { killTree } from '../../rewards/host/process-tree';
import {
  type ComputationName,
  type ComputationResult,
  type FromComputation,
  fromComputationSchema,
  type ToComputation,
} from './computation';

export interface ComputationHooks {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, total: number | undefined, message: string) => void;
  readonly onPort?: (port: number) => void;
}

const errorOutputKept = 4000;

export class ComputationProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #listener: ((message: FromComputation) => void) | undefined;
  #errorOutput = '';

  /** @param entry computation.mjs */
  constructor(entry: string) {
    const { execPath } = process;
    this.#child = fork(entry, [], {
      execPath,
      execArgv: [],
      env: childEnvironment('trainer', process.platform, process.env, { editorExecutable: runsOnEditor(execPath) }),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errorOutput = (this.#errorOutput + text).slice(-errorOutputKept);
    });
    this.#child.on('message', (raw) => this.#listener?.(fromComputationSchema.parse(raw)));
    this.#ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(`could not be started (${error.message})`));
      this.#child.on('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`));
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || !this.#child.connected;
  }

  /** @throws SuperRlError as the computation does, `engine` when its process crashes; the signal's reason. */
  async run<N extends ComputationName>(
    name: N,
    params: unknown,
    { signal, onProgress, onPort }: ComputationHooks,
  ): Promise<ComputationResult<N>> {
    const stop = (): void => this.end();
    signal.throwIfAborted();
    signal.addEventListener('abort', stop);
    try {
      const answer = new Promise<ComputationResult<N>>((resolve, reject) => {
        this.#listener = (message) => {
          if (message.kind === 'progress') onProgress?.(message.done, message.total, message.message);
          else if (message.kind === 'port') onPort?.(message.port);
          // What our own process computed, of the type that its name says.
          else if (message.kind === 'result') resolve(message.result as ComputationResult<N>);
          else reject(received(message));
        };
        void this.#ended.then((how) => {
          const said = this.#errorOutput.trim() === '' ? '' : ` It said: ${this.#errorOutput.trim()}`;
          reject(new SuperRlError('engine', `The process that computed this ${how}.${said}`));
        });
      });
      if (this.#child.connected) this.#child.send({ name, params } satisfies ToComputation, () => {}); // its end is told above
      return await answer;
    } finally {
      this.#listener = undefined;
      signal.removeEventListener('abort', stop);
    }
  }

  /** Lets it end by itself, which takes its scratch files along. For one that computes nothing. */
  dismiss(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  /** With its reward hosts: one that a debugger holds before its first line would not see its stdin end. */
  end(): void {
    const { pid } = this.#child;
    if (pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null) void killTree(pid);
  }
}

/** The message includes the place already. */
function received({ code, message, place, stack }: Extract<FromComputation, { kind: 'error' }>): SuperRlError {
  const error = new SuperRlError(code, message);
  if (stack !== undefined) error.stack = stack;
  return place ? Object.assign(error, { place }) : error;
}
