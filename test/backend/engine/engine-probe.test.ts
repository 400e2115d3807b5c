// Probes as real processes: each engine's numbers, what a dead or silent one says, and WebGPU on software Vulkan.
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeEngine } from '../../../backend/engine/probe/engine-probe';
import { prepareTensorflow } from '../../../scripts/tensorflow.mjs';

const root = join(import.meta.dirname, '../../..');
// Inside the repository, where the bundle finds onnxruntime-node.
const bundles = join(root, '.cache', `probe-test-${process.pid}`);
const entry = join(bundles, 'engine-probe.mjs');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'superrl-probe-')));

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: {
      'engine-probe': 'backend/engine/probe/probe-main.ts',
      'webgpu-step': 'test/backend/engine/webgpu-step.ts',
    },
    outdir: bundles,
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
  });
});
afterAll(() => {
  rmSync(bundles, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const timeoutMs = 150_000; // a busy machine

describe('a probe', () => {
  it.each(['onnx', 'reference'] as const)('of %s measures it', async (target) => {
    const result = await probeEngine(target, { entry, timeoutMs });
    expect(result).toMatchObject({ state: 'works', usesGpu: false });
    if (result.state === 'works') expect(result.matmulGflops).toBeGreaterThan(0.01);
  });

  it.runIf(process.platform === 'linux')('of tensorflow finds what was set up', async () => {
    const env = { ...process.env, XDG_STATE_HOME: prepareTensorflow() };
    const result = await probeEngine('tensorflow', { entry, env, timeoutMs });
    expect(result).toMatchObject({ state: 'works', versions: { '@tensorflow/tfjs-node-gpu': '4.22.0' } });
  });

  it.runIf(process.platform === 'linux')('of tensorflow says what to do where nothing was set up', async () => {
    const env = { ...process.env, XDG_STATE_HOME: folder };
    const result = await probeEngine('tensorflow', { entry, env, timeoutMs });
    expect(result).toEqual({
      state: 'missing',
      reason: expect.stringMatching(/run "superrl setup tensorflow"\.$/),
    });
  });

  it.each([
    ['process.kill(process.pid, "SIGABRT")', 'Its probe was ended by SIGABRT.'],
    ['console.error("libcuda: bad version"); process.exit(3)', 'Its probe ended with code 3: libcuda: bad version'],
    ['setInterval(() => {}, 1000)', 'Its probe did not answer in time.'],
    ['console.log("PROBE {}")', 'Its probe ended with code 0.'],
  ])('that does %s is a result too', async (code, reason) => {
    const script = join(folder, 'dead.mjs');
    writeFileSync(script, code);
    const wait = code.startsWith('setInterval') ? 1500 : timeoutMs;
    expect(await probeEngine('onnx', { entry: script, timeoutMs: wait })).toEqual({ state: 'fails', reason });
  });
});

// Chromium's own software Vulkan (Debian: chromium), for correctness only.
const chromium = '/usr/lib/chromium';
const driver = join(chromium, 'vk_swiftshader_icd.json');
const software = { ...process.env, LD_LIBRARY_PATH: chromium, VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver };

describe('WebGPU', () => {
  it('says so where there is no adapter', async () => {
    const none = join(folder, 'none.json');
    const env = { ...process.env, VK_ICD_FILENAMES: none, VK_DRIVER_FILES: none };
    expect(await probeEngine('onnx-webgpu', { entry, env, timeoutMs })).toEqual({
      state: 'refused',
      reason:
        'WebGPU finds no GPU on this machine. On Linux it needs a Vulkan driver and its loader (Debian, Ubuntu: ' +
        'apt install libvulkan1); the CPU is used as it is.',
    });
  });

  it.runIf(existsSync(driver))('trains as the CPU does, with the weights on the device', async () => {
    const result = await probeEngine('onnx', { entry: join(bundles, 'webgpu-step.mjs'), env: software, timeoutMs });
    expect(result).toMatchObject({
      state: 'works',
      device: expect.stringContaining('GPU (WebGPU); decoding on the CPU'),
    });
  });
});
