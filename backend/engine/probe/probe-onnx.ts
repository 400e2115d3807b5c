// Probes ONNX Runtime on one provider: a traced training graph of a tiny decoder against the CPU's numbers, and the
// speed of a large product. A provider without a device fails here with the runtime's words.
import { availableParallelism } from 'node:os';
import * as ort from 'onnxruntime-node';
import { errorText } from '../../protocol/errors';
import { OnnxGraph } from '../onnx/graph';
import type { OnnxProvider } from '../onnx/provider';
import { providerCheck } from '../onnx/provider-check';
import type { ProbeResult } from './engine-probe';
import { matmulGflops, testMatrix } from './matmul-speed';

/** Checks the provider against the CPU and measures a matrix product on it. */
export async function probeOnnx(provider: OnnxProvider): Promise<ProbeResult> {
  const check = await providerCheck(provider);
  if (check.state !== 'works') return check;
  try {
    const gflops = await matmulGflops((size) => productRun(provider, size));
    return {
      state: 'works',
      device: provider === 'cpu' ? `CPU, ${availableParallelism()} threads` : 'GPU (WebGPU)',
      usesGpu: provider !== 'cpu',
      versions: { 'onnxruntime-node': ort.env.versions.node ?? 'unknown' },
      matmulGflops: gflops,
    };
  } catch (error) {
    return { state: 'fails', reason: errorText(error) };
  }
}

/** One number leaves the device, so that its copy is not what is measured. */
async function productRun(provider: OnnxProvider, size: number): Promise<() => Promise<void>> {
  const graph = new OnnxGraph();
  const matrix = graph.input('matrix', [size, size], 'float32');
  const product = graph.node('MatMul', [matrix, matrix]);
  graph.output(graph.node('ReduceMax', [product], { keepdims: 0 }), 'largest', [], 'float32');
  const session = await ort.InferenceSession.create(graph.serialize(), {
    executionProviders: [provider],
    logSeverityLevel: 3,
  });
  const feeds = { matrix: new ort.Tensor('float32', testMatrix(size), [size, size]) };
  return async () => {
    await session.run(feeds);
  };
}
