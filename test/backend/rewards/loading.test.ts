// What a person reads when a reward can't be loaded, and that hosts end with their client.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SuperRlError } from '../../../backend/protocol/errors';
import type { RewardConfig } from '../../../backend/protocol/run-config';
import type { ScorerOptions } from '../../../backend/rewards/create-scorer';
import { isAlive, RewardWorkbench, sample } from './bundled-hosts';

let bench: RewardWorkbench;
beforeAll(async () => {
  bench = await RewardWorkbench.make();
});
afterAll(() => bench.close());

/** The error's text, its folder left out. */
async function problem(reward: Partial<RewardConfig>, options: Partial<ScorerOptions> = {}): Promise<string> {
  const error = await bench.scorer([reward], options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SuperRlError)) throw new Error(`expected a SuperRlError, got ${String(error)}`);
  return `${error.code} | ${error.message.replaceAll(`${bench.folder}/`, '')}`;
}

describe('a file that cannot be loaded', () => {
  it('is missing', async () => {
    expect(await problem({ name: 'mine', file: 'none.ts' })).toBe(
      'reward | none.ts: Reward "mine": there is no such file. Paths are relative to the run file.',
    );
  });

  it('has an extension that holds no rewards', async () => {
    bench.write('reward.rb', '');
    expect(await problem({ name: 'mine', file: 'reward.rb' })).toBe(
      'reward | reward.rb: Reward "mine": files of type ".rb" can\'t hold rewards. Use .ts, .mts, .js, .mjs, .cjs, .py.',
    );
  });

  it('has options, which are for built-ins', async () => {
    bench.write('fine.mjs', 'export default () => 1;');
    expect(await problem({ name: 'mine', file: 'fine.mjs', options: { a: 1 } })).toBe(
      'config | Reward "mine": options are for built-in rewards; fine.mjs is yours, so put them in the file.',
    );
  });

  it('lacks the export, or has several', async () => {
    bench.write(
      'two.ts',
      'export const one = () => 1;\nexport function two(): number { return 2; }\nexport const three = 3;\n',
    );
    expect(await problem({ file: 'two.ts', export: 'solved' })).toBe(
      'reward | two.ts: This file exports no function "solved". It exports one, two; correct "export" in the run file.',
    );
    expect(await problem({ file: 'two.ts' })).toBe(
      'reward | two.ts: This file exports several functions (one, two). Say which with "export" in the run file.',
    );
    bench.write('nothing.ts', 'export const three = 3;\n');
    expect(await problem({ file: 'nothing.ts' })).toBe(
      'reward | nothing.ts: This file exports no function. Export the reward function.',
    );
  });

  it.each([
    [
      'enum',
      "TypeScript enum can't be used in a reward file, since its types are only stripped; use a union of strings or `const Name = {…} as const`.",
      'enum Colour { red }',
      8,
    ],
    [
      'namespace',
      "TypeScript namespace declaration can't be used in a reward file, since its types are only stripped; use the module itself.",
      'namespace Inner { export const a = 1; }',
      8,
    ],
  ])('uses %s', async (name, message, code, column) => {
    bench.write(`${name}.ts`, `export const f = (): number => 1;\n\nexport ${code}\n`);
    expect(await problem({ file: `${name}.ts` })).toBe(`reward | ${name}.ts:3:${column}: Syntax error: ${message}`);
  });

  it('has a syntax error, itself or in what it imports', async () => {
    bench.write('broken.ts', 'export const f = (): number => 1;\nconst a: number = ;\n');
    expect(await problem({ file: 'broken.ts' })).toBe('reward | broken.ts:2:19: Syntax error: Expression expected');
    bench.write('broken.mjs', 'export const f = () => 1;\n\n  const b = = 2;\n');
    expect(await problem({ file: 'broken.mjs' })).toBe('reward | broken.mjs:3:13: Syntax error: Expression expected');
    bench.write('importer.mjs', "import './broken.mjs';\nexport const f = () => 1;\n");
    expect(await problem({ file: 'importer.mjs' })).toMatch(/^reward \| broken\.mjs:3:13: Syntax error/);
  });

  it('imports a type as if it were a value', async () => {
    bench.write('types.ts', 'export interface Sample { completion: string }\n');
    bench.write('value-import.ts', "import { Sample } from './types';\nexport const f = (s: Sample) => 1;\n");
    expect(await problem({ file: 'value-import.ts' })).toMatch(
      /value-import\.ts:1: .*\(if Sample is a type, write: import type \{ Sample \}\)$/,
    );
  });

  it('imports what is not there, throws, or ends the process', async () => {
    bench.write('missing-import.ts', "import './nowhere';\nexport const f = () => 1;\n");
    expect(await problem({ file: 'missing-import.ts' })).toContain("Cannot find module 'nowhere'");
    bench.write('throws-at-load.ts', "export const f = () => 1;\nthrow new Error('no key set');\n");
    expect(await problem({ file: 'throws-at-load.ts' })).toBe('reward | throws-at-load.ts:2:7: Error: no key set');
    bench.write('exits-at-load.mjs', 'process.exit(3);\n');
    expect(await problem({ file: 'exits-at-load.mjs' })).toBe(
      'reward | exits-at-load.mjs: The reward file could not be loaded. The reward host ended with exit code 3 while loading the file; does the code end its process?',
    );
  });
});

describe('a runtime that is missing', () => {
  it('Node', async () => {
    bench.write('fine.mjs', 'export default () => 1;');
    expect(await problem({ file: 'fine.mjs' }, { nodePath: '/nowhere/node' })).toBe(
      'reward | The reward host on /nowhere/node could not be started (spawn /nowhere/node ENOENT). ' +
        'Set superrl.nodePath to a Node 20 or newer.',
    );
  });

  it('Python', async () => {
    bench.write('fine.py', 'def f(completions): return [1]');
    expect(await problem({ file: 'fine.py' }, { pythonPath: '/nowhere/python' })).toBe(
      'reward | Python reward files need Python, and /nowhere/python could not be started (spawn /nowhere/python ENOENT). ' +
        'Install Python 3.8 or newer on the PATH, or set superrl.pythonPath to it.',
    );
  });

  it('the host itself', async () => {
    const hostFiles = { node: '/nowhere/reward-host.mjs', python: '/nowhere/python_host.py' };
    expect(await problem({ file: 'fine.mjs' }, { hostFiles })).toBe(
      'internal | /nowhere/reward-host.mjs: The reward host is missing from the installation. Build it with npm run build.',
    );
  });
});

describe('the environment', () => {
  it('of a reward host holds nothing but what is allowed', async () => {
    process.env.SECRET_TOKEN = 'secret';
    bench.write('environment.mjs', 'export const f = () => ({ score: 1, names: Object.keys(process.env) });');
    const [outcome] = await bench.outcomes({ file: 'environment.mjs' }, [sample('a')]);
    delete process.env.SECRET_TOKEN;
    const { names } = (outcome as { details?: Record<string, unknown> }).details!;
    expect(names).toContain('PATH');
    expect(names).not.toContain('SECRET_TOKEN');
  });
});

describe.skipIf(process.platform === 'win32')('the end of the client', () => {
  it.each([
    [
      'node',
      'mjs',
      "import { writeFileSync } from 'node:fs';\nwriteFileSync('pid-mjs', String(process.pid));\nexport const f = () => { for (;;) {} };",
    ],
    [
      'python',
      'py',
      "import os\nopen('pid-py', 'w').write(str(os.getpid()))\ndef f(completions):\n    while True: pass\n",
    ],
  ])('ends a %s host in an endless loop', async (_, extension, code) => {
    bench.write(`orphan.${extension}`, code);
    const host = extension === 'py' ? bench.hostFiles.python : bench.hostFiles.node;
    const runtime = extension === 'py' ? 'python3' : process.execPath;
    // A client that is killed cannot tidy up: only the end of stdin is left.
    const client = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('node:child_process').spawn(${JSON.stringify(runtime)}, [${JSON.stringify(host)}],
          { stdio: ['pipe', 'pipe', 'inherit', 'pipe'], detached: true, cwd: ${JSON.stringify(bench.folder)} });
         const file = ${JSON.stringify(join(bench.folder, `orphan.${extension}`))};
         child.stdin.write(JSON.stringify({ id: 1, type: 'load', file }) + '\\n');
         child.stdin.write(JSON.stringify({ id: 2, type: 'score', file, export: 'f', calls: [[0]],
           samples: { common: ['{"prompt":"","row":{},"index":0,"size":1}'], samples: [[0, 0, '', []]] } }) + '\\n');`,
      ],
      { stdio: 'inherit' },
    );
    const pidFile = join(bench.folder, `pid-${extension}`);
    for (let tries = 0; tries < 100 && !existsSync(pidFile); tries++) await sleep(50);
    await sleep(300);
    const pid = Number(readFileSync(pidFile, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    client.kill('SIGKILL');
    for (let tries = 0; tries < 60 && isAlive(pid); tries++) await sleep(50);
    expect(isAlive(pid)).toBe(false);
  });
});
