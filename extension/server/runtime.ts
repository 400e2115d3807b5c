// Which executable the server runs on: the setting → a real `node` of version 20 or newer on the PATH → the editor's
// own executable, as Node. In restricted mode the last one only, and no other is so much as asked for its version.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import type { Environment } from '../../backend/protocol/child-environment';
import { SuperRlError } from '../../backend/protocol/errors';

export interface Runtime {
  readonly executable: string;
  /** It is the editor's own, which needs ELECTRON_RUN_AS_NODE=1 on the desktop. */
  readonly isEditor: boolean;
  /** For the log and the engine doctor. */
  readonly reason: string;
}

export interface RuntimeRequest {
  /** superrl.nodePath; empty: not set. */
  readonly nodePath: string;
  readonly trusted: boolean;
  readonly editorExecutable: string;
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  /** The version an executable prints for --version; undefined: it can't be run. */
  readonly versionOf: (executable: string) => Promise<string | undefined>;
  readonly exists: (file: string) => boolean;
}

const oldestMajor = 20;

/** @throws SuperRlError `config` when the setting names no Node.js of version 20 or newer: never a silent other one. */
export async function chooseRuntime(request: RuntimeRequest): Promise<Runtime> {
  const editor = { executable: request.editorExecutable, isEditor: true };
  if (!request.trusted) {
    return { ...editor, reason: 'The workspace is not trusted, so only the editor’s own executable is used.' };
  }
  if (request.nodePath !== '') return fromSetting(request);
  const refused: string[] = [];
  for (const executable of nodesOnPath(request)) {
    const version = await request.versionOf(executable);
    if (version !== undefined && isNewEnough(version)) {
      return { executable, isEditor: false, reason: `Node.js ${version} was found on the PATH.` };
    }
    refused.push(version === undefined ? `${executable} can’t be run` : `${executable} is ${version}`);
  }
  const found = refused.length === 0 ? 'There is no node on the PATH' : `${refused.join('; ')}: too old`;
  return { ...editor, reason: `${found}, so the editor’s own executable is used.` };
}

async function fromSetting({ nodePath, versionOf, platform }: RuntimeRequest): Promise<Runtime> {
  const path = platform === 'win32' ? win32 : posix;
  if (!path.isAbsolute(nodePath)) {
    throw new SuperRlError(
      'config',
      `superrl.nodePath is "${nodePath}". Give the absolute path of a Node.js, or clear the setting.`,
    );
  }
  const version = await versionOf(nodePath);
  if (version === undefined || !isNewEnough(version)) {
    const what = version === undefined ? 'is no Node.js that can be run' : `is version ${version}`;
    throw new SuperRlError(
      'config',
      `superrl.nodePath names ${nodePath}, which ${what}. Give a Node.js ${oldestMajor} or newer, or clear the setting.`,
    );
  }
  return { executable: nodePath, isEditor: false, reason: `superrl.nodePath names Node.js ${version}.` };
}

/** Relative entries of the PATH are passed over: they would mean whatever folder the editor was started in. */
function nodesOnPath({ env, platform, exists }: RuntimeRequest): string[] {
  const path = platform === 'win32' ? win32 : posix;
  const value = platform === 'win32' ? (env.PATH ?? env.Path ?? '') : (env.PATH ?? '');
  const folders = value.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const name = platform === 'win32' ? 'node.exe' : 'node';
  return [...new Set(folders)].map((folder) => path.join(folder, name)).filter(exists);
}

function isNewEnough(version: string): boolean {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1]);
  return major >= oldestMajor;
}

const versionTimeoutMs = 5000;

export const fileExists = existsSync;

/** Runs `executable --version`. */
export function versionOf(executable: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(executable, ['--version'], { timeout: versionTimeoutMs, windowsHide: true }, (error, output) => {
      const version = /^v(\d+\.\d+\.\d+)/.exec(output.trim())?.[1];
      resolve(error ? undefined : version);
    });
  });
}
