// What one engine can do on this machine, found out by running it in a process of its own: a native library that
// aborts, hangs or fills the memory takes nothing else with it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { childEnvironment, type Environment, runsOnEditor } from '../../protocol/child-environment';

/** What is probed; WebGPU is the engine "onnx" on a GPU. */
export const probeTargets = ['onnx', 'onnx-webgpu', 'tensorflow', 'reference'] as const;
export type ProbeTarget = (typeof probeTargets)[number];

const worksSchema = z.object({
  state: z.literal('works'),
  device: z.string(),
  usesGpu: z.boolean(),
  versions: z.record(z.string(), z.string()),
  /** float32 matrix product, the best of some runs. */
  matmulGflops: z.number(),
});
const failsSchema = z.object({
  /** refused: this system can't run it; missing: something can be installed; fails: it is there and does not work. */
  state: z.enum(['refused', 'missing', 'fails']),
  /** A sentence that says what to do. */
  reason: z.string(),
});
export const probeResultSchema = z.discriminatedUnion('state', [worksSchema, failsSchema]);
export type ProbeResult = z.output<typeof probeResultSchema>;
export type WorkingEngine = z.output<typeof worksSchema>;

export const resultPrefix = 'PROBE ';

export interface ProbeOptions {
  /** Default: engine-probe.mjs beside the running bundle. */
  readonly entry?: string | undefined;
  readonly env?: Environment;
  readonly timeoutMs?: number;
  /** Of "tensorflow": the folder whose node_modules holds the package, in place of the recorded one. */
  readonly tensorflowFolder?: string;
}

/** Never rejects. */
export function probeEngine(target: ProbeTarget, options: ProbeOptions = {}): Promise<ProbeResult> {
  const { execPath } = process;
  const entry = options.entry ?? fileURLToPath(new URL('./engine-probe.mjs', import.meta.url));
  const folder = options.tensorflowFolder === undefined ? [] : [options.tensorflowFolder];
  const child = spawn(execPath, [entry, target, ...folder], {
    env: childEnvironment('trainer', process.platform, options.env ?? process.env, {
      editorExecutable: runsOnEditor(execPath),
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
    windowsHide: true,
  });
  let output = '';
  let errorOutput = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorOutput = (errorOutput + text).slice(-2000);
  });
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ state: 'fails', reason: `Its probe can't be started: ${message}` }));
    child.on('close', (code, signal) => resolve(printedResult(output) ?? diedProbe(code, signal, errorOutput)));
  });
}

function printedResult(output: string): ProbeResult | undefined {
  const line = output.split('\n').findLast((text) => text.startsWith(resultPrefix));
  if (line === undefined) return undefined;
  const parsed = probeResultSchema.safeParse(JSON.parse(line.slice(resultPrefix.length)));
  return parsed.success ? parsed.data : undefined;
}

function diedProbe(code: number | null, signal: NodeJS.Signals | null, errorOutput: string): ProbeResult {
  const how =
    signal === 'SIGKILL'
      ? 'did not answer in time'
      : signal === null
        ? `ended with code ${code}`
        : `was ended by ${signal}`;
  const said = errorOutput.trim().split('\n').at(-1)?.trim();
  return { state: 'fails', reason: `Its probe ${how}${said ? `: ${said}` : '.'}` };
}
