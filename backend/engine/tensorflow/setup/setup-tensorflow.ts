// `superrl setup tensorflow`: links @tensorflow/tfjs-node-gpu to a current TensorFlow, since its published binary is
// bound to one of 2022. Everything lies in one folder of the user's state folder; a virtual environment that the
// person gives is only added to. Each step can be repeated: a set-up that failed goes on where it stopped.
import { existsSync, statfsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Environment } from '../../../protocol/child-environment';
import { SuperRlError } from '../../../protocol/errors';
import { type ProbeOptions, type ProbeResult, probeEngine, type WorkingEngine } from '../../probe/engine-probe';
import {
  findTensorflow,
  packageName,
  packageVersion,
  readRecord,
  recordFile,
  type Surroundings,
  setupFolder,
  surroundings,
  type TensorflowRecord,
} from '../installation';
import { nvidiaGpus } from '../nvidia';
import { buildBinding } from './build-binding';
import { findCompiler, findNpm, findPython } from './find-tools';
import { runTool } from './run-tool';
import { setupFailure } from './setup-failure';
import { findLibraries, type TensorflowLibraries, venvPython } from './tensorflow-libraries';

export const tensorflowVersion = '2.21.0';
const headersVersion = '1.9.0';

export interface SetupOptions {
  /** An environment to use, or to make when there is none; default: one in the set-up's own folder. */
  readonly venv?: string | undefined;
  /** A Python to make the environment with. */
  readonly python?: string | undefined;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
  readonly where?: Surroundings;
  /** How the result is tried out; tests give the entry of the probe. */
  readonly probe?: ProbeOptions;
  /** Free bytes of a folder's disk. */
  readonly freeBytes?: (folder: string) => number;
  /** Names of the GPUs that the driver shows; default: asks nvidia-smi. */
  readonly gpus?: readonly string[];
}

export interface SetupResult {
  readonly record: TensorflowRecord;
  /** What the person should know beside the success. */
  readonly notes: readonly string[];
}

/** @throws SuperRlError `unsupported` or `engine`, with what to do */
export async function setUpTensorflow(options: SetupOptions = {}): Promise<SetupResult> {
  const where = options.where ?? surroundings();
  const progress = options.onProgress ?? (() => {});
  const found = findTensorflow(where);
  if (found.state === 'refused') throw new SuperRlError('unsupported', found.reason);
  const folder = setupFolder(where);
  const gpus = options.gpus ?? nvidiaGpus();
  const run = { env: where.env, ...(options.signal && { signal: options.signal }) };

  if (found.state === 'present' && found.record === undefined) {
    progress(`Trying the published binary of ${packageName}`);
    const probed = await probeEngine('tensorflow', { ...options.probe, tensorflowFolder: found.folder });
    if (probed.state === 'works' && (probed.usesGpu || gpus.length === 0)) {
      const record = recordOf(probed, { folder: found.folder, built: false, venv: null });
      await writeRecord(folder, record);
      return { record, notes: notesOf(record, gpus) };
    }
  }

  progress(
    gpus.length > 0 ? `NVIDIA driver found: ${gpus.join(', ')}` : 'No NVIDIA driver found: TensorFlow for the CPU',
  );
  const compiler = await findCompiler(where.env);
  const npm = await findNpm(where.env);
  const venv = options.venv === undefined ? join(folder, 'venv') : resolve(options.venv);
  const made = readRecord(folder)?.venv?.path === venv ? (readRecord(folder)?.venv?.made ?? false) : !existsSync(venv);
  await makeFolder(folder);
  if (!existsSync(venvPython(venv))) {
    const python = await findPython(where.env, options.python);
    requireSpace(dirname(venv), gpus.length > 0, options.freeBytes ?? freeBytes);
    progress(`Making a virtual environment in ${venv}`);
    const end = await runTool({ command: python, args: ['-m', 'venv', venv], ...run });
    if (end.exitCode !== 0) {
      if (made) await rm(venv, { recursive: true, force: true }); // half an environment would look like a whole one
      throw setupFailure('venv', end.tail);
    }
  }
  const libraries = await installTensorflow(venv, gpus.length > 0, run, progress);

  progress(`Installing ${packageName} ${packageVersion}`);
  const packages = [`${packageName}@${packageVersion}`, `node-api-headers@${headersVersion}`];
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const npmEnd = await runTool({
    command: npm,
    args: ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages],
    cwd: folder,
    ...run,
  });
  if (npmEnd.exitCode !== 0) throw setupFailure('npm', npmEnd.tail);

  progress(`Building the binding to TensorFlow ${libraries.version}`);
  await buildBinding(compiler, folder, libraries, run);

  progress('Trying a matrix product and a gradient');
  const probed = requireWorks(await probeEngine('tensorflow', { ...options.probe, tensorflowFolder: folder }));
  const record = recordOf(probed, { folder, built: true, venv: { path: venv, made } });
  await writeRecord(folder, record);
  return { record, notes: notesOf(record, gpus) };
}

/** Takes back what the set-up made; @returns what was done, in sentences. */
export async function undoTensorflow(where: Surroundings = surroundings()): Promise<string[]> {
  const folder = setupFolder(where);
  if (!existsSync(folder)) return ['Nothing was set up.'];
  const record = readRecord(folder);
  const done: string[] = [];
  const venv = record?.venv;
  if (venv?.made && existsSync(join(venv.path, 'pyvenv.cfg'))) {
    await rm(venv.path, { recursive: true, force: true });
    done.push(`Removed the virtual environment ${venv.path}.`);
  } else if (venv) {
    done.push(`Left your virtual environment ${venv.path} as it is.`);
  }
  await rm(folder, { recursive: true, force: true });
  return [...done, `Removed ${folder}.`];
}

async function installTensorflow(
  venv: string,
  gpu: boolean,
  run: { readonly env: Environment; readonly signal?: AbortSignal },
  progress: (message: string) => void,
): Promise<TensorflowLibraries> {
  const present = await findLibraries(venv, run.env);
  if (present !== undefined) {
    progress(`Using TensorFlow ${present.version} of ${venv}`);
    return present;
  }
  // Without a GPU the libraries are all that is needed of the package, not what its Python code imports.
  const wanted = gpu
    ? [`tensorflow[and-cuda]==${tensorflowVersion}`]
    : ['--no-deps', `${process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow'}==${tensorflowVersion}`];
  progress(
    `Installing TensorFlow ${tensorflowVersion}${gpu ? ' with CUDA (about 3 GB to download)' : ' (about 250 MB)'}`,
  );
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--progress-bar', 'off', ...wanted];
  const end = await runTool({ command: venvPython(venv), args, ...run });
  if (end.exitCode !== 0) throw setupFailure('pip', end.tail);
  const libraries = await findLibraries(venv, run.env);
  if (libraries === undefined) throw setupFailure('pip', `${venv} has no TensorFlow after its installation.`);
  return libraries;
}

function requireSpace(folder: string, gpu: boolean, free: (folder: string) => number): void {
  const needed = gpu ? 12e9 : 3e9;
  let existing = folder;
  while (!existsSync(existing)) existing = dirname(existing);
  const available = free(existing);
  if (available >= needed) return;
  throw new SuperRlError(
    'engine',
    `TensorFlow needs about ${needed / 1e9} GB and ${existing} has ${(available / 1e9).toFixed(1)} GB free: free some ` +
      'space, or put the environment on another disk with --venv.',
  );
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new SuperRlError('storage', 'this folder cannot be made: set XDG_STATE_HOME to a folder of yours.', {
      place: { file: folder },
      cause,
    });
  }
}

function requireWorks(probed: ProbeResult): WorkingEngine {
  if (probed.state === 'works') return probed;
  throw new SuperRlError('engine', `TensorFlow was built but does not work. ${probed.reason}`);
}

function recordOf(
  { device, usesGpu, versions, matmulGflops }: WorkingEngine,
  made: Pick<TensorflowRecord, 'folder' | 'built' | 'venv'>,
): TensorflowRecord {
  return {
    ...made,
    tensorflow: versions.tensorflow ?? 'unknown',
    device: usesGpu ? 'gpu' : 'cpu',
    deviceName: device,
    matmulGflops: Math.round(matmulGflops),
  };
}

function notesOf(record: TensorflowRecord, gpus: readonly string[]): string[] {
  if (record.device === 'gpu' || gpus.length === 0) return [];
  return [
    `The driver shows ${gpus.join(', ')}, but TensorFlow finds no GPU and will run on the CPU: its CUDA libraries are ` +
      'missing or need a newer driver. Set it up again without --venv, or update the driver.',
  ];
}

async function writeRecord(folder: string, record: TensorflowRecord): Promise<void> {
  await makeFolder(folder);
  const file = recordFile(folder);
  await writeFile(`${file}.tmp`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${file}.tmp`, file);
}
