// The doctor looks at this machine in a process of its own, since what it looks for may crash it: it is the
// command line's.
import { execFile } from 'node:child_process';
import { z } from 'zod';
import { childEnvironment, runsOnEditor } from '../protocol/child-environment';
import { SuperRlError } from '../protocol/errors';

const timeoutMs = 60_000;

/** What `superrl doctor --json` prints. @param program superrl.mjs */
export function runDoctor(program: string, signal: AbortSignal): Promise<Record<string, unknown>> {
  const { execPath } = process;
  const env = childEnvironment('trainer', process.platform, process.env, { editorExecutable: runsOnEditor(execPath) });
  return new Promise((resolve, reject) => {
    const options = { env, signal, timeout: timeoutMs, windowsHide: true };
    execFile(execPath, [program, 'doctor', '--json'], options, (error, output, errorOutput) => {
      // It exits with 1 when something is bad, which is what it found and no failure.
      const printed = z.record(z.string(), z.unknown()).safeParse(parseJson(output));
      if (printed.success) resolve(printed.data);
      else {
        const why = errorOutput.trim() || error?.message || 'it printed nothing';
        reject(new SuperRlError('engine', `The engine doctor could not look: ${why}`, { cause: error }));
      }
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
