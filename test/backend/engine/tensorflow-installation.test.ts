// The states of a TensorFlow installation, each with what it says: refused, absent, without its binding, gone, broken,
// usable.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEngine } from '../../../backend/engine/create-engine';
import {
  bindingFile,
  findTensorflow,
  packageFolder,
  recordFile,
  type Surroundings,
  setupFolder,
  type TensorflowRecord,
} from '../../../backend/engine/tensorflow/installation';
import { loadTensorflow, restoreIsNullOrUndefined } from '../../../backend/engine/tensorflow/load-tensorflow';
import { prepareTensorflow } from '../../../scripts/tensorflow.mjs';
import { randomWeights, smallModel } from '../../unit/engine/small-model';

let home = '';
let record: TensorflowRecord;
beforeEach(() => {
  // A folder of its own each time: Node remembers where it found a package.
  home = realpathSync(mkdtempSync(join(tmpdir(), 'superrl-tf-')));
  record = {
    folder: join(home, 'made'),
    built: true,
    venv: null,
    tensorflow: '2.21.0',
    device: 'cpu',
    deviceName: 'CPU, 2 threads',
    matmulGflops: 300,
  };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A place above which there is no package. */
const nowhere = '/superrl-nowhere/index.js';

const where = (more: Partial<Surroundings> = {}): Surroundings => ({
  platform: 'linux',
  versions: {},
  env: { XDG_STATE_HOME: join(home, 'state') },
  home,
  from: join(home, 'node_modules', 'superrl', 'index.js'),
  ...more,
});

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function writePackage(folder: string, binding: string | undefined): void {
  write(join(packageFolder(folder), 'package.json'), '{ "name": "@tensorflow/tfjs-node-gpu", "main": "index.js" }');
  const load = `require(${JSON.stringify(bindingFile(packageFolder(folder)))});`;
  write(join(packageFolder(folder), 'index.js'), load);
  if (binding !== undefined) write(bindingFile(packageFolder(folder)), binding);
}

describe('a TensorFlow installation', () => {
  it.each(['win32', 'darwin'] as const)('is refused on %s', (platform) => {
    expect(findTensorflow(where({ platform }))).toEqual({
      state: 'refused',
      reason:
        'TensorFlow runs on Linux and, on Windows, inside WSL (open the folder in WSL and set it up there); ' +
        'here "engine": "onnx" is the one to use.',
    });
  });

  it("is refused in the editor's own Node.js", () => {
    const installation = findTensorflow(where({ versions: { electron: '37.0.0' } }));
    expect(installation).toEqual({
      state: 'refused',
      reason:
        "TensorFlow can't run in the editor's own Node.js (Electron forbids the external buffers that it hands out): " +
        'install Node.js 20 or newer and name it in the setting "superrl.nodePath".',
    });
    expect(() => loadTensorflow(1, installation)).toThrow("can't run in the editor's own Node.js");
  });

  it('is absent without the optional package', () => {
    const reason = 'The optional package @tensorflow/tfjs-node-gpu is not installed: run "superrl setup tensorflow".';
    expect(findTensorflow(where({ from: nowhere }))).toEqual({ state: 'absent', reason });
    expect(() => loadTensorflow(1, findTensorflow(where({ from: nowhere })))).toThrow(reason);
  });

  it('has a package without its binding', () => {
    writePackage(home, undefined);
    expect(findTensorflow(where())).toEqual({
      state: 'unbuilt',
      reason: '@tensorflow/tfjs-node-gpu is here without its native binding: run "superrl setup tensorflow".',
    });
  });

  it('has a package with a published binding', () => {
    writePackage(home, 'binding');
    expect(findTensorflow(where())).toEqual({ state: 'present', folder: home, record: undefined });
  });

  it('was set up, and is gone', () => {
    write(recordFile(setupFolder(where())), JSON.stringify(record));
    expect(findTensorflow(where())).toEqual({
      state: 'unbuilt',
      reason: `What was set up in ${record.folder} is gone: run "superrl setup tensorflow" again.`,
    });
  });

  it('was set up', () => {
    write(recordFile(setupFolder(where())), JSON.stringify(record));
    writePackage(record.folder, 'binding');
    expect(findTensorflow(where())).toEqual({ state: 'present', folder: record.folder, record });
  });

  it('has a record that cannot be read: as if there were none', () => {
    write(recordFile(setupFolder(where())), '{"folder": 1}');
    expect(findTensorflow(where({ from: nowhere })).state).toBe('absent');
  });

  it('has a binding that does not load', () => {
    writePackage(home, 'not a library');
    expect(() => loadTensorflow(1, findTensorflow(where()))).toThrow(
      /^TensorFlow's binding does not load \(.*tfjs_binding\.node: .*\): run "superrl setup tensorflow"\.$/,
    );
  });

  it.runIf(process.platform === 'linux')('works as an engine, under its own name', async () => {
    process.env.XDG_STATE_HOME = prepareTensorflow();
    const options = { plan: { threads: 1 }, keepReference: false, lora: 'off', seed: 0 } as const;
    const weights = randomWeights(smallModel, 1);
    const engine = await createEngine({ kind: 'tensorflow', config: smallModel, weights, options });
    expect(engine.description.engine).toBe('tensorflow');
    expect(engine.description.versions.tensorflow).toMatch(/^2\.\d+/);
    expect(engine.plan.threads).toBe(1);
    await engine.dispose();
  });
});

it('gives util.isNullOrUndefined back to a Node.js that lacks it, and leaves it elsewhere', () => {
  const util: { isNullOrUndefined?: unknown } = {};
  restoreIsNullOrUndefined(util);
  const restored = util.isNullOrUndefined as (value: unknown) => boolean;
  expect([restored(null), restored(undefined), restored(0), restored('')]).toEqual([true, true, false, false]);
  const own = () => true;
  const newer = { isNullOrUndefined: own };
  restoreIsNullOrUndefined(newer);
  expect(newer.isNullOrUndefined).toBe(own);
});

it('is reached by the package: the module object of node:util can be added to', () => {
  const code =
    'const util = require("node:util"); delete util.isNullOrUndefined; util.isNullOrUndefined ??= (v) => v == null; ' +
    'const { isNullOrUndefined } = require("util"); process.exit(isNullOrUndefined(null) ? 0 : 1);';
  expect(spawnSync(process.execPath, ['-e', code]).status).toBe(0);
  expect(typeof createRequire(import.meta.url)('node:util')).toBe('object');
});
