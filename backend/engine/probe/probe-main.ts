// Entry of a probe's process: dist/engine-probe.mjs TARGET [FOLDER]. Prints one line, PROBE and the result as JSON.
// Engines are loaded one at a time, and a native library that can't be loaded is a result too.
import { errorText, SuperRlError } from '../../protocol/errors';
import { findTensorflow } from '../tensorflow/installation';
import { type ProbeResult, type ProbeTarget, probeTargets, resultPrefix } from './engine-probe';

async function probe(target: ProbeTarget, folder: string | undefined): Promise<ProbeResult> {
  switch (target) {
    case 'onnx':
      return (await import('./probe-onnx')).probeOnnx('cpu');
    case 'onnx-webgpu':
      return (await import('./probe-onnx')).probeOnnx('webgpu');
    case 'reference':
      return (await import('./probe-eager')).probeEager('reference');
    case 'tensorflow': {
      const installation = folder === undefined ? findTensorflow() : ({ state: 'present', folder } as const);
      if (installation.state === 'refused') return installation;
      if (installation.state !== 'present') return { state: 'missing', reason: installation.reason };
      const { probeEager } = await import('./probe-eager');
      return probeEager('tensorflow', { ...installation, record: undefined });
    }
  }
}

const [asked, folder] = process.argv.slice(2);
const target = probeTargets.find((name) => name === asked);
if (target === undefined) throw new Error(`There is no engine ${asked} to probe.`);
let result: ProbeResult;
try {
  result = await probe(target, folder);
} catch (error) {
  const state = error instanceof SuperRlError && error.code === 'unsupported' ? 'refused' : 'fails';
  result = { state, reason: errorText(error) };
}
process.stdout.write(`${resultPrefix}${JSON.stringify(result)}\n`, () => process.exit(0));
