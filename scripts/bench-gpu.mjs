// `npm run bench:gpu`: every GPU figure of the docs in one run, each engine and size in a process of its own, with the
// CPU's engine beside them and the CPU's numbers to agree with. Prints a table and writes docs/results/gpu.json.
// Where there is no GPU it says what was looked for and measures nothing.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cacheFolder, prepareModules, root } from './prepare.mjs';

prepareModules();
const folder = join(cacheFolder, 'bench-gpu');
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
};
await build({
  ...shared,
  outdir: folder,
  splitting: true,
  entryPoints: {
    'engine-probe': 'backend/engine/probe/probe-main.ts',
    engine: 'test/bench/engine.ts',
    superrl: 'backend/cli/superrl.ts',
  },
});

const sizes = process.argv[2]?.split(',') ?? ['1m', '25m', '135m'];
const node = (file, ...args) => spawnSync(process.execPath, [join(folder, file), ...args], { encoding: 'utf8' });

function probe(target) {
  const line = node('engine-probe.mjs', target)
    .stdout.split('\n')
    .find((text) => text.startsWith('PROBE '));
  return line === undefined ? { state: 'fails', reason: 'Its process died.' } : JSON.parse(line.slice('PROBE '.length));
}

/** The driver's words about the GPUs; empty without one. */
function gpuNames() {
  const { status, stdout } = spawnSync(
    'nvidia-smi',
    ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'],
    {
      encoding: 'utf8',
    },
  );
  return status === 0 ? stdout.trim().split('\n') : [];
}

const gpus = gpuNames();
console.log(gpus.length > 0 ? `NVIDIA driver: ${gpus.join('; ')}` : 'NVIDIA driver: none (nvidia-smi finds no GPU)');
if (gpus.length > 0 && probe('tensorflow').usesGpu !== true) {
  console.log('TensorFlow is not set up for this GPU: running "superrl setup tensorflow"…');
  spawnSync(process.execPath, [join(folder, 'superrl.mjs'), 'setup', 'tensorflow'], { stdio: 'inherit' });
}
const probes = Object.fromEntries(['onnx', 'tensorflow', 'onnx-webgpu'].map((target) => [target, probe(target)]));
for (const [target, result] of Object.entries(probes)) {
  const text =
    result.state === 'works'
      ? `${result.device}, ${result.matmulGflops.toFixed(1)} GFLOP/s in a matrix product`
      : `${result.state}: ${result.reason}`;
  console.log(`${target}: ${text}`);
}
// Software that draws a GPU on the CPU is no GPU: it is slower than the CPU itself.
const onGpu = ['tensorflow', 'onnx-webgpu'].filter(
  (target) => probes[target].usesGpu === true && probes[target].matmulGflops > (probes.onnx.matmulGflops ?? 0),
);
if (onGpu.length === 0) {
  console.log('\nThere is no GPU here that an engine can use, so no GPU figure was measured.');
  process.exit(0);
}

/** Most memory the GPU had in use while `work` ran, MiB, by the driver; undefined without nvidia-smi. */
async function withPeakMemory(work) {
  let peak;
  const watch = spawn('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '-lms', '100']);
  watch.on('error', () => {});
  watch.stdout?.on('data', (data) => {
    for (const number of String(data).trim().split('\n').map(Number)) peak = Math.max(peak ?? 0, number || 0);
  });
  const result = await work();
  watch.kill();
  return { result, peak };
}

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(folder, 'engine.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.on('close', (code) => {
      const line = output.split('\n').find((text) => text.startsWith('BENCH '));
      resolve(line === undefined ? { failed: `ended with code ${code}` } : JSON.parse(line.slice('BENCH '.length)));
    });
  });
}

const results = [];
for (const size of sizes) {
  for (const target of ['onnx', ...onGpu]) {
    const variants = target === 'onnx' ? [[]] : [[], ['--checkpointing', '--no-generate'], ['--lora', '--no-generate']];
    for (const flags of variants) {
      const { result, peak } = await withPeakMemory(() => run([target, size, ...flags]));
      const entry = { engine: target, shape: size, flags, ...result, gpuPeakMb: target === 'onnx' ? undefined : peak };
      results.push(entry);
      console.log(line(entry));
    }
  }
}

function line(entry) {
  const name = [entry.shape, entry.engine, ...entry.flags].join(' ');
  if (entry.failed) return `${name}: ${entry.failed}`;
  const generated = Object.entries(entry.generateTokensPerSecond).map(([rows, rate]) => `${rows}: ${rate.toFixed(0)}`);
  return [
    name,
    `update ${entry.updateTokensPerSecond.toFixed(0)} tokens/s (${entry.updateGflops.toFixed(0)} GFLOP/s)`,
    generated.length > 0 ? `generate tokens/s by rows ${generated.join(', ')}` : undefined,
    `start ${entry.startUpMs.toFixed(0)} ms, first step ${entry.firstStepMs.toFixed(0)} ms`,
    entry.gpuPeakMb === undefined ? undefined : `GPU memory ${entry.gpuPeakMb} MiB`,
    entry.agreement &&
      `against the CPU: loss ${entry.agreement.lossDifference.toExponential(1)}, gradient ` +
        `${entry.agreement.gradientDifference.toExponential(1)}, greedy tokens ${entry.agreement.greedyTokensEqual ? 'equal' : 'differ'}`,
  ]
    .filter(Boolean)
    .join('; ');
}

const file = join(root, 'docs/results/gpu.json');
mkdirSync(join(root, 'docs/results'), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify({ date: new Date().toISOString(), node: process.version, gpus, probes, results }, null, 2)}\n`,
);
console.log(`\nWrote ${file}`);
