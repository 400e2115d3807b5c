// Where a native TensorFlow for this user is, and why there may be none: the record that `superrl setup tensorflow`
// leaves in the state folder, else the optional package @tensorflow/tfjs-node-gpu beside us. Nothing is loaded here.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../protocol/child-environment';
import { stateFolder } from '../../protocol/server-record';

export const packageName = '@tensorflow/tfjs-node-gpu';
export const packageVersion = '4.22.0';

const recordSchema = z.object({
  /** Folder whose node_modules holds the package. */
  folder: z.string(),
  /** false: the package's published binary loads here, nothing was built. */
  built: z.boolean(),
  /** The Python environment whose TensorFlow the binding is linked to. */
  venv: z.object({ path: z.string(), made: z.boolean() }).nullable(),
  tensorflow: z.string(),
  device: z.enum(['cpu', 'gpu']),
  deviceName: z.string(),
  /** Of a float32 matrix product, as the smoke test measured it. */
  matmulGflops: z.number(),
});
/** What the set-up found and made; its smoke test has passed. */
export type TensorflowRecord = z.output<typeof recordSchema>;

export type TensorflowInstallation =
  /** This process or system can't load it whatever is installed. */
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'absent'; readonly reason: string }
  /** The package is there, its native binding is not. */
  | { readonly state: 'unbuilt'; readonly reason: string }
  | { readonly state: 'present'; readonly folder: string; readonly record: TensorflowRecord | undefined };

/** What of the process decides; tests give their own. */
export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly versions: Environment;
  readonly env: Environment;
  readonly home: string;
  /** A file whose module resolution finds the optional package. */
  readonly from: string;
}

/** Those of this process. */
export function surroundings(): Surroundings {
  const { platform, versions, env } = process;
  return { platform, versions, env, home: homedir(), from: import.meta.url };
}

/** The folder that the set-up owns: its virtual environment, the package and the record. */
export function setupFolder({ platform, env, home }: Pick<Surroundings, 'platform' | 'env' | 'home'>): string {
  return join(stateFolder(platform, env, home), 'tensorflow');
}

export function recordFile(folder: string): string {
  return join(folder, 'setup.json');
}

/** Undefined when there is no record, or one that this version can't read. */
export function readRecord(folder: string): TensorflowRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(recordFile(folder), 'utf8')));
  } catch {
    return undefined;
  }
}

const setUp = 'run "superrl setup tensorflow"';

/** Looks for it without loading anything; every state but "present" says why and what to do. */
export function findTensorflow(where: Surroundings = surroundings()): TensorflowInstallation {
  if (where.platform !== 'linux') {
    return {
      state: 'refused',
      reason:
        'TensorFlow runs on Linux and, on Windows, inside WSL (open the folder in WSL and set it up there); ' +
        'here "engine": "onnx" is the one to use.',
    };
  }
  if (where.versions.electron !== undefined) {
    return {
      state: 'refused',
      reason:
        "TensorFlow can't run in the editor's own Node.js (Electron forbids the external buffers that it hands out): " +
        'install Node.js 20 or newer and name it in the setting "superrl.nodePath".',
    };
  }
  const record = readRecord(setupFolder(where));
  if (record !== undefined) {
    if (hasBinding(packageFolder(record.folder))) return { state: 'present', folder: record.folder, record };
    return { state: 'unbuilt', reason: `What was set up in ${record.folder} is gone: ${setUp} again.` };
  }
  const found = resolvePackage(where.from);
  if (found === undefined) {
    return { state: 'absent', reason: `The optional package ${packageName} is not installed: ${setUp}.` };
  }
  if (!hasBinding(found)) {
    return { state: 'unbuilt', reason: `${packageName} is here without its native binding: ${setUp}.` };
  }
  return { state: 'present', folder: dirname(dirname(dirname(found))), record: undefined };
}

/** The package's own folder. */
export function packageFolder(folder: string): string {
  return join(folder, 'node_modules', packageName);
}

function resolvePackage(from: string): string | undefined {
  try {
    return dirname(createRequire(from).resolve(`${packageName}/package.json`));
  } catch {
    return undefined;
  }
}

/** The name of the file by N-API version: the package takes the newest that Node has, at most 8. */
export function bindingFile(folder: string): string {
  const napi = Math.min(8, Number(process.versions.napi));
  return join(folder, 'lib', `napi-v${napi}`, 'tfjs_binding.node');
}

function hasBinding(folder: string): boolean {
  return existsSync(bindingFile(folder));
}
