// `superrl setup tensorflow` with tools that fail, each failure with its text; the set-up that works is run by
// scripts/tensorflow.mjs, on whose result the engines' tests stand.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindingFile, packageFolder, recordFile, setupFolder } from '../../../backend/engine/tensorflow/installation';
import { compilerArguments } from '../../../backend/engine/tensorflow/setup/build-binding';
import {
  type SetupOptions,
  setUpTensorflow,
  undoTensorflow,
} from '../../../backend/engine/tensorflow/setup/setup-tensorflow';
import { findLibraries } from '../../../backend/engine/tensorflow/setup/tensorflow-libraries';
import { prepareTensorflow } from '../../../scripts/tensorflow.mjs';

let home = '';
let options: SetupOptions = {};
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'superrl-setup-')));
  mkdirSync(join(home, 'bin'));
  const env = { PATH: join(home, 'bin'), XDG_STATE_HOME: join(home, 'state'), HOME: home };
  const from = join(home, 'nowhere', 'index.js');
  options = {
    where: { platform: 'linux', versions: {}, env, home, from },
    freeBytes: () => 1e12,
    gpus: [],
    probe: { entry: join(home, 'probe.mjs') },
  };
  tool('g++', 'exit 0');
  tool('npm', npmWorks);
  tool('python3', pythonWorks());
  probe({ state: 'works', device: 'CPU', usesGpu: false, versions: { tensorflow: '2.21.0' }, matmulGflops: 300.4 });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function tool(name: string, script: string): void {
  const file = join(home, 'bin', name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

function probe(result: unknown): void {
  const line = JSON.stringify(`PROBE ${JSON.stringify(result)}\n`);
  writeFileSync(join(home, 'probe.mjs'), `process.stdout.write(${line});`);
}

const npmWorks = '[ "$1" = --version ] && echo 11 || true';

/** A Python that makes an environment whose own Python is itself, and pip a TensorFlow. */
function pythonWorks({ version = '3.12', venv = '', pip = '' } = {}): string {
  const site = '"$(dirname "$0")/../lib/python/site-packages/tensorflow"';
  return `
case "$*" in
  *"sys, venv"*) echo ${version};;
  *"-m venv"*) ${venv === '' ? '/bin/mkdir -p "$3/bin" && /bin/cp "$0" "$3/bin/python" && echo > "$3/pyvenv.cfg"' : venv};;
  *"pip install"*) ${pip === '' ? `/bin/mkdir -p ${site}/include && echo > ${site}/libtensorflow_cc.so.2 && echo > ${site}/libtensorflow_framework.so.2` : pip};;
  *) cd "$(/usr/bin/dirname "$0")/.." && if [ -d lib ]; then echo "{\\"folder\\": \\"$PWD/lib/python/site-packages/tensorflow\\", \\"version\\": \\"2.21.0\\"}"; else echo '{"folder": null, "version": null}'; fi;;
esac`.replaceAll('$(dirname', '$(/usr/bin/dirname');
}

const failing = (message: string) => `echo ${JSON.stringify(message)} >&2; exit 1`;
const setUp = (more: Partial<SetupOptions> = {}) => setUpTensorflow({ ...options, ...more });

describe('superrl setup tensorflow', () => {
  it('sets up, tells what it does, can be repeated and undone', async () => {
    const progress: string[] = [];
    const onProgress = (message: string) => progress.push(message);
    const { record, notes } = await setUp({ onProgress });
    const folder = setupFolder(options.where!);
    expect(record).toEqual({
      folder,
      built: true,
      venv: { path: join(folder, 'venv'), made: true },
      tensorflow: '2.21.0',
      device: 'cpu',
      deviceName: 'CPU',
      matmulGflops: 300,
    });
    expect(JSON.parse(readFileSync(recordFile(folder), 'utf8'))).toEqual(record);
    expect(notes).toEqual([]);
    expect(progress).toEqual([
      'No NVIDIA driver found: TensorFlow for the CPU',
      `Making a virtual environment in ${join(folder, 'venv')}`,
      'Installing TensorFlow 2.21.0 (about 250 MB)',
      'Installing @tensorflow/tfjs-node-gpu 4.22.0',
      'Building the binding to TensorFlow 2.21.0',
      'Trying a matrix product and a gradient',
    ]);
    expect((await setUp()).record).toEqual(record); // made stays true: it is ours to undo
    expect(await undoTensorflow(options.where)).toEqual([
      `Removed the virtual environment ${join(folder, 'venv')}.`,
      `Removed ${folder}.`,
    ]);
    expect(existsSync(folder)).toBe(false);
    expect(await undoTensorflow(options.where)).toEqual(['Nothing was set up.']);
  });

  it('uses an environment of yours, and leaves it at undo', async () => {
    const venv = join(home, 'mine');
    mkdirSync(join(venv, 'bin'), { recursive: true });
    writeFileSync(join(venv, 'bin', 'python'), `#!/bin/sh\n${pythonWorks()}`);
    chmodSync(join(venv, 'bin', 'python'), 0o755);
    const { record } = await setUp({ venv });
    expect(record.venv).toEqual({ path: venv, made: false });
    const done = await undoTensorflow(options.where);
    expect(done[0]).toBe(`Left your virtual environment ${venv} as it is.`);
    expect(existsSync(venv)).toBe(true);
  });

  it('takes the published binary when it loads, and builds nothing', async () => {
    const from = join(home, 'app', 'index.js');
    const folder = packageFolder(dirname(from));
    mkdirSync(dirname(bindingFile(folder)), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(bindingFile(folder), '');
    tool('g++', 'exit 1');
    const { record } = await setUp({ where: { ...options.where!, from } });
    expect(record).toMatchObject({ folder: dirname(from), built: false, venv: null });
    // On a machine with a GPU that it does not see, a binding of our own is built.
    await expect(setUp({ where: { ...options.where!, from }, gpus: ['NVIDIA H100'] })).rejects.toThrow('C++ compiler');
  });

  it('says so when there is a GPU that TensorFlow does not find', async () => {
    const { notes } = await setUp({ gpus: ['NVIDIA H100'] });
    expect(notes).toEqual([
      'The driver shows NVIDIA H100, but TensorFlow finds no GPU and will run on the CPU: its CUDA libraries are ' +
        'missing or need a newer driver. Set it up again without --venv, or update the driver.',
    ]);
  });

  it.each<[string, () => void, string, Partial<SetupOptions>?]>([
    [
      'another system',
      () => {},
      'TensorFlow runs on Linux and, on Windows, inside WSL',
      { where: { platform: 'darwin', versions: {}, env: {}, home: '/', from: '/x.js' } },
    ],
    [
      'no compiler',
      () => rmSync(join(home, 'bin', 'g++')),
      'No C++ compiler was found: install one (Debian, Ubuntu: sudo apt install g++; Fedora: sudo dnf install gcc-c++) ' +
        'or name it in CXX.',
    ],
    [
      'no Python',
      () => rmSync(join(home, 'bin', 'python3')),
      'TensorFlow needs Python 3.10 to 3.13 with its venv module (none was found): install one (Debian, Ubuntu: ' +
        'sudo apt install python3-venv), or name it with --python.',
    ],
    [
      'a Python that is too new',
      () => tool('python3', pythonWorks({ version: '3.15' })),
      'with its venv module (python3 is 3.15)',
    ],
    [
      'a Python without venv',
      () => tool('python3', failing("ModuleNotFoundError: No module named 'ensurepip'")),
      'with its venv module (python3 has no venv module)',
    ],
    [
      'no space',
      () => {},
      'GB free: free some space, or put the environment on another disk with --venv.',
      { freeBytes: () => 1.2e9 },
    ],
    [
      'no space for CUDA',
      () => {},
      'TensorFlow needs about 12 GB and ',
      { freeBytes: () => 4e9, gpus: ['NVIDIA H100'] },
    ],
    [
      'an environment that cannot be made',
      () => tool('python3', pythonWorks({ venv: failing('Error: ensurepip is not available.') })),
      'The virtual environment was not made. This Python cannot make environments: install its venv module',
    ],
    [
      'no TensorFlow for this Python',
      () => tool('python3', pythonWorks({ pip: failing('ERROR: No matching distribution found for tensorflow-cpu') })),
      'TensorFlow was not installed. There is no such TensorFlow for this Python and system: it needs Python 3.10 to 3.13',
    ],
    [
      'no network',
      () => tool('python3', pythonWorks({ pip: failing('Temporary failure in name resolution') })),
      'TensorFlow was not installed. The package server cannot be reached: check the network or the proxy settings',
    ],
    [
      'a disk that fills up',
      () => tool('python3', pythonWorks({ pip: failing('OSError: [Errno 28] No space left on device') })),
      'TensorFlow was not installed. The disk is full: free some space, then run it again',
    ],
    [
      'npm that fails',
      () => tool('npm', `[ "$1" = --version ] && exit 0; ${failing('npm error code ENOTFOUND')}`),
      'The Node package was not installed. The package server cannot be reached',
    ],
    [
      'a binding that does not compile',
      () =>
        tool(
          'g++',
          `[ "$1" = --version ] && exit 0; ${failing('a.cc:1: fatal error: c_api.h: No such file or directory')}`,
        ),
      "The binding was not built. A header is missing: TensorFlow's folder is incomplete",
    ],
    [
      'words that nobody knows',
      () => tool('g++', `[ "$1" = --version ] && exit 0; ${failing('undefined reference to TF_NewStatus')}`),
      'The binding was not built. Mend what it says, then run it again.\nIt said: undefined reference to TF_NewStatus',
    ],
    [
      'a result that does not work',
      () => probe({ state: 'fails', reason: 'Its probe was ended by SIGSEGV.' }),
      'TensorFlow was built but does not work. Its probe was ended by SIGSEGV.',
    ],
  ])('says what to do about %s', async (_, breakIt, text, more = {}) => {
    breakIt();
    const failed = setUp(more).catch((error: unknown) => error);
    await expect(failed).resolves.toMatchObject({ message: expect.stringContaining(text) });
    expect(existsSync(recordFile(setupFolder(options.where!)))).toBe(false);
  });

  it('does not take half an environment for a whole one', async () => {
    tool('python3', pythonWorks({ venv: '/bin/mkdir -p "$3/bin" && echo > "$3/bin/python"; exit 1' }));
    await expect(setUp()).rejects.toThrow('The virtual environment was not made');
    tool('python3', pythonWorks());
    expect((await setUp()).record.built).toBe(true);
  });

  it('says when npm is missing', async () => {
    const { findNpm } = await import('../../../backend/engine/tensorflow/setup/find-tools');
    await expect(findNpm({ PATH: join(home, 'none') }, join(home, 'none', 'node'))).rejects.toThrow(
      'npm was not found, neither beside Node.js nor on the PATH: install Node.js with npm (https://nodejs.org).',
    );
  });
});

it('links CUDA libraries of packages, so that they are loaded with the binding', () => {
  const cudaLibraries = ['/site/nvidia/cublas/lib/libcublas.so.12', '/site/nvidia/cudnn/lib/libcudnn.so.9'];
  const args = compilerArguments('/made', { folder: '/site/tensorflow', version: '2.21.0', cudaLibraries });
  expect(args.slice(args.indexOf('-Wl,--no-as-needed'))).toEqual([
    '-Wl,--no-as-needed',
    ...cudaLibraries,
    '-Wl,-rpath,/site/nvidia/cublas/lib',
    '-Wl,-rpath,/site/nvidia/cudnn/lib',
  ]);
});

it.runIf(process.platform === 'linux')('finds the libraries of a real environment', async () => {
  const venv = join(prepareTensorflow(), 'superrl', 'tensorflow', 'venv');
  const libraries = await findLibraries(venv, process.env);
  expect(libraries!.version).toMatch(/^2\./);
  expect(existsSync(join(libraries!.folder, 'include', 'tensorflow', 'c', 'c_api.h'))).toBe(true);
});
