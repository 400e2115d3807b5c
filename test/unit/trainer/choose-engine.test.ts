// Which engine `auto` takes and what it says, for each state of this machine.
import { expect, it } from 'vitest';
import type { TensorflowInstallation, TensorflowRecord } from '../../../backend/engine/tensorflow/installation';
import { chooseEngine, type EngineSurroundings } from '../../../backend/trainer/choose-engine';

const record: TensorflowRecord = {
  folder: '/made',
  built: true,
  venv: null,
  tensorflow: '2.21.0',
  device: 'gpu',
  deviceName: 'NVIDIA H100',
  matmulGflops: 45_000,
};
const present = (more: Partial<TensorflowRecord> = {}): TensorflowInstallation => ({
  state: 'present',
  folder: '/made',
  record: { ...record, ...more },
});
const absent: TensorflowInstallation = { state: 'absent', reason: 'Not installed.' };

function auto(installation: TensorflowInstallation, more: Partial<EngineSurroundings> = {}) {
  const load = () => ({ version: '2.21.0', usesGpu: true });
  return chooseEngine('auto', () => ({ installation, load, gpus: () => [], ...more }));
}

it('takes what the run file asks for, and looks at nothing', () => {
  const look = () => {
    throw new Error('looked');
  };
  expect(chooseEngine('tensorflow', look)).toEqual({
    kind: 'tensorflow',
    plan: {},
    reason: 'The run file asks for the engine "tensorflow".',
  });
  expect(chooseEngine('onnx-webgpu', look)).toEqual({
    kind: 'onnx',
    plan: { provider: 'webgpu' },
    reason: 'The run file asks for the engine "onnx-webgpu".',
  });
});

it.each<[string, TensorflowInstallation, Partial<EngineSurroundings>, string, string]>([
  [
    'a GPU that TensorFlow was set up for',
    present(),
    {},
    'tensorflow',
    'TensorFlow 2.21.0 on NVIDIA H100 is the fastest here (45000 GFLOP/s in a matrix product when it was set up).',
  ],
  [
    'a GPU that is gone',
    present(),
    { load: () => ({ version: '2.21.0', usesGpu: false }) },
    'onnx',
    'TensorFlow 2.21.0 on NVIDIA H100 was set up but finds no GPU now, so the embedded engine "onnx" runs on the CPU.',
  ],
  [
    'a binding that fails now',
    present(),
    {
      load: () => {
        throw new Error('libcuda is missing.');
      },
    },
    'onnx',
    'TensorFlow 2.21.0 on NVIDIA H100 was set up but fails now, so the embedded engine "onnx" runs on the CPU. ' +
      'libcuda is missing.',
  ],
  [
    'TensorFlow on the CPU',
    present({ device: 'cpu' }),
    {},
    'onnx',
    'On a CPU the compiled graphs of the embedded engine "onnx" are faster than TensorFlow, which is set up.',
  ],
  ['nothing', absent, {}, 'onnx', 'The embedded engine "onnx" is the fastest on a CPU.'],
  [
    'a GPU that nothing is set up for',
    absent,
    { gpus: () => ['NVIDIA H100'] },
    'onnx',
    'The embedded engine "onnx" runs on the CPU; "superrl setup tensorflow" would make the NVIDIA H100 usable.',
  ],
])('auto, with %s', (_, installation, more, kind, reason) => {
  expect(auto(installation, more)).toEqual({ kind, plan: {}, reason });
});
