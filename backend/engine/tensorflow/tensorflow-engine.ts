// The engine "tensorflow": on a native TensorFlow, on the GPU where it finds one; training runs the tensor code eagerly,
// generation a graph. For the trainer's process only (load-tensorflow.ts).
import { availableParallelism, totalmem } from 'node:os';
import type { ModelConfig } from '../../model/model-config';
import type { NamedTensors } from '../../model/named-tensors';
import { EagerEngine } from '../eager/eager-engine';
import type { EngineOptions } from '../engine';
import { TensorflowDecoder } from './decode/tensorflow-decoder';
import { packageVersion } from './installation';
import { loadTensorflow, tensorflowBackend } from './load-tensorflow';
import { microBatchTokens } from './micro-batch-size';
import { nvidiaFreeBytes, nvidiaGpus } from './nvidia';

/** A GPU that does not tell its memory is taken for a small one. */
const unknownGpuBytes = 8 * 2 ** 30;

/** @throws SuperRlError `engine` or `unsupported` when TensorFlow can't be loaded here */
export function createTensorflowEngine(
  config: ModelConfig,
  weights: NamedTensors,
  options: EngineOptions,
): EagerEngine {
  const threads = options.plan?.threads ?? availableParallelism();
  const { version, usesGpu } = loadTensorflow(threads);
  const memoryBytes = usesGpu ? (nvidiaFreeBytes() ?? unknownGpuBytes) : machineBytes() / 2;
  const limits = usesGpu
    ? { rows: 512, bytes: Math.min(8 * 2 ** 30, memoryBytes / 4), prefillTokens: 8192 }
    : { rows: 128, bytes: Math.min(2 * 2 ** 30, memoryBytes / 4), prefillTokens: 2048 };
  const decoder = new TensorflowDecoder(config, limits);
  const cpu = `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return new EagerEngine(
    {
      name: tensorflowBackend,
      description: {
        engine: 'tensorflow',
        device: usesGpu ? (nvidiaGpus()[0] ?? 'GPU') : cpu,
        versions: { tensorflow: version, '@tensorflow/tfjs-node-gpu': packageVersion },
        // TensorFlow promises no order of its parallel sums.
        deterministic: false,
      },
      plan: {
        threads,
        microBatchTokens: microBatchTokens(config, options, { memoryBytes, mostTokens: usesGpu ? 8192 : 2048 }),
        tokenBucket: 16,
        decodeWeights: 'inputs',
      },
      generate: (tensors, request) => decoder.generate(tensors, request),
      dispose: () => decoder.dispose(),
    },
    config,
    weights,
    options,
  );
}

/** The machine's memory, or what a container may take of it. */
function machineBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}
