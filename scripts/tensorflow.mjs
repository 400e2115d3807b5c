// TensorFlow for the tests: `superrl setup tensorflow` itself, run once from source into .cache/, keyed by what decides
// the result. `prepareTensorflow()` returns the state folder to use (XDG_STATE_HOME); a failure stops with its reason.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { cacheFolder, prepareTools, root } from './prepare.mjs';

const sources = ['installation.ts', 'setup/setup-tensorflow.ts', 'setup/build-binding.ts'];
/** A lock older than this was left by a process that died. */
const staleMs = 30 * 60_000;

export function prepareTensorflow() {
  const hash = createHash('sha256').update(process.platform + process.arch);
  for (const source of sources) hash.update(readFileSync(join(root, 'backend/engine/tensorflow', source)));
  const folder = join(cacheFolder, `tensorflow-${hash.digest('hex').slice(0, 12)}`);
  const state = join(folder, 'state');
  const stamp = join(folder, '.complete');
  if (existsSync(stamp)) return state;
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, '.lock');
  while (!takeLock(lock)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    if (existsSync(stamp)) return state;
  }
  try {
    if (!existsSync(stamp)) setUp(join(folder, 'program'), state);
    writeFileSync(stamp, '');
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
  return state;
}

/** Test files start in processes of their own: one of them does it, the others wait. */
function takeLock(lock) {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > staleMs) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function setUp(program, state) {
  const { python } = prepareTools(['python', 'compiler']);
  buildSync({
    absWorkingDir: root,
    entryPoints: { superrl: 'backend/cli/superrl.ts', 'engine-probe': 'backend/engine/probe/probe-main.ts' },
    outdir: program,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const { status } = spawnSync(
    process.execPath,
    [join(program, 'superrl.mjs'), 'setup', 'tensorflow', '--python', python],
    {
      stdio: 'inherit',
      env: { ...process.env, XDG_STATE_HOME: state },
    },
  );
  if (status !== 0) throw new Error('superrl setup tensorflow failed; its own message stands above.');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(prepareTensorflow());
