// Loads the native binding into this process and registers it as the tfjs backend "tensorflow". The package brings
// its own copy of tfjs-core; engine, kernels and gradients live in global registries that both copies share.
// A native fault ends the process, so this happens in the trainer's process or in a probe's, never in the server.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SuperRlError } from '../../protocol/errors';
import { tf } from '../tensor/tfjs';
import { findTensorflow, packageName, type TensorflowInstallation } from './installation';

export const tensorflowBackend = 'tensorflow';

export interface LoadedTensorflow {
  readonly version: string;
  readonly usesGpu: boolean;
}

const backendSchema = z.object({ isUsingGpuDevice: z.boolean(), binding: z.object({ TF_Version: z.string() }) });

/**
 * @param threads of the CPU's matrix products; heeded by the first load in a process only
 * @throws SuperRlError `unsupported` where it can't run at all, `engine` where it isn't set up or doesn't load
 */
export function loadTensorflow(threads?: number, installation = findTensorflow()): LoadedTensorflow {
  const folder = requirePresent(installation);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true'; // else it takes all of the GPU's memory at once
  process.env.CUDA_DEVICE_ORDER ??= 'PCI_BUS_ID'; // GPUs are numbered as nvidia-smi does (nvidia.ts)
  if (threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  const require = createRequire(join(folder, 'package.json'));
  restoreIsNullOrUndefined(require('node:util'));
  try {
    require(packageName);
    void tf.setBackend(tensorflowBackend);
    const { isUsingGpuDevice, binding } = backendSchema.parse(tf.backend());
    return { version: binding.TF_Version, usesGpu: isUsingGpuDevice };
  } catch (cause) {
    const [said] = errorText(cause).split('\n');
    throw new SuperRlError('engine', `TensorFlow's binding does not load (${said}): run "superrl setup tensorflow".`, {
      cause,
    });
  }
}

function requirePresent(installation: TensorflowInstallation): string {
  if (installation.state === 'present') return installation.folder;
  throw new SuperRlError(installation.state === 'refused' ? 'unsupported' : 'engine', installation.reason);
}

/** The package calls util.isNullOrUndefined, which Node 23 took away. */
export function restoreIsNullOrUndefined(util: { isNullOrUndefined?: unknown }): void {
  util.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
}
