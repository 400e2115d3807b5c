// Probes an eager engine: a matrix product whose result is known, a gradient, and the speed of a large product.
import { availableParallelism } from 'node:os';
import { version_cpu } from '@tensorflow/tfjs-backend-cpu';
import { tf } from '../tensor/tfjs';
import { packageVersion, type TensorflowInstallation } from '../tensorflow/installation';
import { loadTensorflow } from '../tensorflow/load-tensorflow';
import { nvidiaGpus } from '../tensorflow/nvidia';
import type { ProbeResult, WorkingEngine } from './engine-probe';
import { matmulGflops, testMatrix } from './matmul-speed';

type Description = Pick<WorkingEngine, 'device' | 'usesGpu' | 'versions'>;

/** Loads the engine in this process, checks a small result, measures a matrix product. */
export async function probeEager(
  engine: 'tensorflow' | 'reference',
  installation?: TensorflowInstallation,
): Promise<ProbeResult> {
  const description = engine === 'reference' ? reference() : tensorflow(installation);
  const wrong = wrongNumbers();
  if (wrong !== undefined) return { state: 'fails', reason: `It computes wrongly: ${wrong}.` };
  const gflops = await matmulGflops(async (size) => {
    const matrix = tf.tensor(testMatrix(size), [size, size]);
    return async () => {
      // Reading one number waits for the device.
      tf.tidy(() => tf.slice(tf.matMul(matrix, matrix), [0, 0], [1, 1]).dataSync());
    };
  });
  return { state: 'works', ...description, matmulGflops: gflops };
}

function reference(): Description {
  void tf.setBackend('cpu');
  return { device: 'JavaScript', usesGpu: false, versions: { '@tensorflow/tfjs-backend-cpu': version_cpu } };
}

function tensorflow(installation?: TensorflowInstallation): Description {
  const { version, usesGpu } = loadTensorflow(undefined, installation);
  return {
    device: usesGpu ? (nvidiaGpus()[0] ?? 'GPU') : `CPU, ${availableParallelism()} threads`,
    usesGpu,
    versions: { tensorflow: version, '@tensorflow/tfjs-node-gpu': packageVersion },
  };
}

/** What is wrong with a product or a gradient whose numbers are known. */
function wrongNumbers(): string | undefined {
  const product = tf.matMul(tf.tensor([1, 2, 3, 4], [2, 2]), tf.tensor([5, 6, 7, 8], [2, 2])).dataSync();
  if (product.join() !== '19,22,43,50') return `a 2×2 product is [${product.join(', ')}], not [19, 22, 43, 50]`;
  const x = tf.variable(tf.tensor([1, -2, 3]));
  const { grads } = tf.variableGrads(() => tf.sum(tf.mul(tf.square(x), x)) as tf.Scalar, [x]); // 3x²
  const gradient = grads[x.name]?.dataSync() ?? [];
  const off = [3, 12, 27].some((expected, index) => Math.abs((gradient[index] ?? Number.NaN) - expected) > 1e-4);
  return off || gradient.length !== 3 ? `a gradient is [${[...gradient].join(', ')}], not [3, 12, 27]` : undefined;
}
