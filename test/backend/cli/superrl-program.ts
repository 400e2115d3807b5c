// The real command line, bundled as scripts/build.mjs does it, in a folder of this test file's own.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const goldenFolder = process.env.GOLDEN_DIR ?? join(root, 'test/golden');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface StartOptions {
  readonly environment?: Record<string, string>;
  /** Default: the program's own folder. */
  readonly cwd?: string;
  readonly fileLimitKb?: number;
}

export class SuperRlProgram {
  /** A folder for the test's own files, in which commands run. */
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl cli ')));
  // Inside the repository, where the bundle finds the packages that it leaves outside.
  readonly #bundle = join(root, '.cache', `cli-test-${process.pid}`);

  constructor() {
    const build = [join(root, 'scripts/build.mjs'), '--no-sourcemap', `--out=${relative(root, this.#bundle)}`];
    execFileSync(process.execPath, build, { cwd: root });
  }

  /** Packages that the program loads before it knows which command is wanted. */
  packagesLoadedFirst(): string[] {
    const packages = new Set<string>();
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const [, from = ''] of readFileSync(join(this.#bundle, file), 'utf8').matchAll(
        /^(?:import|export)\b[^'"();]*["']([^'"\n]+)["'];$/gm,
      )) {
        if (from.startsWith('./')) visit(from.slice(2));
        else packages.add(from);
      }
    };
    visit('superrl.mjs');
    return [...packages];
  }

  /** @param options.fileLimitKb no file can grow beyond it, as on a full disk */
  start(
    args: readonly string[],
    { environment = {}, cwd = this.folder, fileLimitKb }: StartOptions = {},
  ): ChildProcess {
    const command = [process.execPath, join(this.#bundle, 'superrl.mjs'), ...args];
    const limited = ['bash', '-c', `ulimit -f ${fileLimitKb}; exec "$@"`, 'bash', ...command];
    const [file = '', ...rest] = fileLimitKb === undefined ? command : limited;
    return spawn(file, rest, { cwd, env: { ...process.env, NO_COLOR: '1', ...environment } });
  }

  run(...args: string[]): Promise<Ended> {
    return endOf(this.start(args));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.#bundle, { recursive: true, force: true });
  }
}

export function endOf(child: ChildProcess): Promise<Ended> {
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

/** Resolves once the child has printed a text that matches. */
export function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  let seen = '';
  return new Promise((resolve, reject) => {
    const look = (text: Buffer | string): void => {
      seen += text.toString();
      if (pattern.test(seen)) resolve();
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.on('close', () => reject(new Error(`It ended without printing ${pattern}:\n${seen}`)));
  });
}
