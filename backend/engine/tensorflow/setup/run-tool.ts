// Runs one of the programs that the set-up needs, keeping the end of what it prints for the reason of a failure.
import { spawn } from 'node:child_process';
import type { Environment } from '../../../protocol/child-environment';

export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: Environment;
  readonly signal?: AbortSignal | undefined;
}

export interface ToolEnd {
  /** Undefined when it could not be started or was ended by a signal. */
  readonly exitCode: number | undefined;
  readonly output: string;
  /** The last 4,000 characters of standard output and error together. */
  readonly tail: string;
}

const tailKept = 4000;
const outputKept = 100_000;

/** Never rejects. */
export function runTool({ command, args, cwd, env, signal }: ToolRun): Promise<ToolEnd> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(signal === undefined ? {} : { signal }),
    });
    let output = '';
    let tail = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputKept);
      tail = (tail + text).slice(-tailKept);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-tailKept);
    });
    child.on('error', ({ message }) => resolve({ exitCode: undefined, output, tail: `${tail}\n${message}`.trim() }));
    child.on('close', (code) => resolve({ exitCode: code ?? undefined, output, tail: tail.trim() }));
  });
}
