// Where a virtual environment keeps TensorFlow's native libraries and headers, and the CUDA libraries that come as
// packages beside them. Python is asked without importing TensorFlow.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Environment } from '../../../protocol/child-environment';
import { SuperRlError } from '../../../protocol/errors';
import { runTool } from './run-tool';

export interface TensorflowLibraries {
  /** TensorFlow's folder: include/, libtensorflow_cc.so.2, libtensorflow_framework.so.2. */
  readonly folder: string;
  readonly version: string;
  /** Files of CUDA packages that TensorFlow opens by name while it runs. */
  readonly cudaLibraries: readonly string[];
}

export const ccLibrary = 'libtensorflow_cc.so.2';
export const frameworkLibrary = 'libtensorflow_framework.so.2';

const script = `
import importlib.metadata as metadata, importlib.util as util, json
spec = util.find_spec("tensorflow")
folder = None if spec is None or not spec.submodule_search_locations else list(spec.submodule_search_locations)[0]
version = None
for name in ("tensorflow", "tensorflow-cpu", "tf-nightly", "tensorflow-cpu-aws", "tensorflow-intel"):
    try:
        version = version or metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps({"folder": folder, "version": version}))
`;
const answerSchema = z.object({ folder: z.string().nullable(), version: z.string().nullable() });

export function venvPython(venv: string): string {
  return join(venv, 'bin', 'python');
}

/** Undefined when the environment has no TensorFlow. @throws SuperRlError `engine` when its Python doesn't run */
export async function findLibraries(venv: string, env: Environment): Promise<TensorflowLibraries | undefined> {
  const python = venvPython(venv);
  const { exitCode, output, tail } = await runTool({ command: python, args: ['-c', script], env });
  if (exitCode !== 0) {
    throw new SuperRlError('engine', `${python} does not run (${tail.split('\n').at(-1)}): give another --venv.`);
  }
  const { folder, version } = answerSchema.parse(JSON.parse(output));
  if (folder === null || version === null) return undefined;
  for (const part of ['include', ccLibrary, frameworkLibrary]) {
    if (existsSync(join(folder, part))) continue;
    throw new SuperRlError(
      'engine',
      `TensorFlow ${version} in ${venv} has no ${part}, which the binding is built with: use TensorFlow 2.16 or newer.`,
    );
  }
  return { folder, version, cudaLibraries: cudaLibraries(dirname(folder)) };
}

const cudaNames =
  /^lib(cudart|cublas|cublasLt|cufft|curand|cusolver|cusparse|cudnn|nccl|nvJitLink|nvrtc|cupti)\.so\.[\d.]+$/;

/** Of the packages nvidia-*: site-packages/nvidia/PART/lib. */
function cudaLibraries(sitePackages: string): string[] {
  const nvidia = join(sitePackages, 'nvidia');
  if (!existsSync(nvidia)) return [];
  return readdirSync(nvidia).flatMap((part) => {
    const lib = join(nvidia, part, 'lib');
    return existsSync(lib) ? readdirSync(lib).flatMap((file) => (cudaNames.test(file) ? [join(lib, file)] : [])) : [];
  });
}
