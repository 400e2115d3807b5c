// What the doctor says of each engine.
import { expect, it } from 'vitest';
import { engineReport } from '../../../../backend/engine/probe/engine-report';

it('of one that works: device, speed, versions', () => {
  const works = { state: 'works', usesGpu: true, versions: { tensorflow: '2.21.0' } } as const;
  expect(engineReport('tensorflow', { ...works, device: 'NVIDIA H100', matmulGflops: 45_123.4 })).toEqual({
    name: 'engine tensorflow',
    level: 'good',
    found: 'NVIDIA H100; 45123 GFLOP/s in a matrix product; tensorflow 2.21.0',
  });
  expect(engineReport('reference', { ...works, device: 'JavaScript', matmulGflops: 0.523, versions: {} }).found).toBe(
    'JavaScript; 0.5 GFLOP/s in a matrix product',
  );
});

it.each([
  ['tensorflow', 'missing', 'warning', 'not set up'],
  ['tensorflow', 'refused', 'warning', 'not on this system'],
  ['onnx-webgpu', 'fails', 'warning', 'does not work'],
] as const)('of %s that is %s: what to do', (target, state, level, found) => {
  const report = engineReport(target, { state, reason: 'Do this.' });
  expect(report).toEqual({ name: `engine ${target}`, level, found, advice: 'Do this.' });
});

it('of onnx that does not load: nothing can be trained, and where it has binaries', () => {
  const report = engineReport('onnx', { state: 'fails', reason: 'It is broken.' });
  expect(report.level).toBe('bad');
  expect(report.advice).toBe(
    'It is broken. onnxruntime-node has binaries for linux-x64, linux-arm64, win32-x64, win32-arm64 and darwin-arm64; ' +
      'Intel Macs and musl (Alpine) have none. On those platforms run "npm install" again.',
  );
});
