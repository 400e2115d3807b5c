// The programs that the set-up needs, each found by running it: a Python for TensorFlow, a C++ compiler, npm.
import { accessSync, constants } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/child-environment';
import { SuperRlError } from '../../../protocol/errors';
import { runTool } from './run-tool';

/** Python's minor versions that TensorFlow has wheels for. */
const pythonMinors = [13, 12, 11, 10] as const;

/**
 * @param named a Python that the person wants
 * @throws SuperRlError `engine` that names the versions found
 */
export async function findPython(env: Environment, named?: string): Promise<string> {
  const candidates = named === undefined ? ['python3', ...pythonMinors.map((m) => `python3.${m}`)] : [named];
  const seen: string[] = [];
  for (const command of candidates) {
    const script = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
    const { exitCode, output, tail } = await runTool({ command, args: ['-c', script], env });
    if (exitCode === undefined) continue;
    if (exitCode !== 0) {
      seen.push(/No module named '?(venv|ensurepip)/.test(tail) ? `${command} has no venv module` : `${command} fails`);
      continue;
    }
    const version = output.trim();
    if (pythonMinors.some((minor) => version === `3.${minor}`)) return command;
    seen.push(`${command} is ${version}`);
  }
  const found = seen.length === 0 ? 'none was found' : seen.join(', ');
  throw new SuperRlError(
    'engine',
    `TensorFlow needs Python 3.10 to 3.13 with its venv module (${found}): install one (Debian, Ubuntu: ` +
      'sudo apt install python3-venv), or name it with --python.',
  );
}

/** @throws SuperRlError `engine` when there is none */
export async function findCompiler(env: Environment): Promise<string> {
  const named = env.CXX;
  for (const command of named === undefined ? ['g++', 'c++', 'clang++'] : [named]) {
    if ((await runTool({ command, args: ['--version'], env })).exitCode === 0) return command;
  }
  const missing = named === undefined ? 'No C++ compiler was found' : `The compiler in CXX (${named}) does not run`;
  throw new SuperRlError(
    'engine',
    `${missing}: install one (Debian, Ubuntu: sudo apt install g++; Fedora: sudo dnf install gcc-c++) or name it in CXX.`,
  );
}

/** npm beside this Node, else on the PATH. @throws SuperRlError `engine` when there is none */
export async function findNpm(env: Environment, node = process.execPath): Promise<string> {
  const beside = join(dirname(node), 'npm');
  for (const command of isExecutable(beside) ? [beside, 'npm'] : ['npm']) {
    if ((await runTool({ command, args: ['--version'], env })).exitCode === 0) return command;
  }
  throw new SuperRlError(
    'engine',
    'npm was not found, neither beside Node.js nor on the PATH: install Node.js with npm (https://nodejs.org).',
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
