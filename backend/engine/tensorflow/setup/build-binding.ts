// Builds the package's native binding, two C++ files on the stable N-API, against the TensorFlow of a virtual
// environment. The headers of Node come from npm (node-api-headers), so that nothing but a compiler is needed.
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from '../../../protocol/child-environment';
import { bindingFile, packageFolder } from '../installation';
import { runTool } from './run-tool';
import { setupFailure } from './setup-failure';
import { ccLibrary, frameworkLibrary, type TensorflowLibraries } from './tensorflow-libraries';

/** @param folder whose node_modules holds the package and node-api-headers */
export function compilerArguments(folder: string, libraries: TensorflowLibraries): string[] {
  const source = packageFolder(folder);
  const cudaFolders = [...new Set(libraries.cudaLibraries.map((file) => dirname(file)))];
  return [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w'],
    ...['-DNAPI_VERSION=8', '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
    ...['-I', join(libraries.folder, 'include'), '-I', join(folder, 'node_modules', 'node-api-headers', 'include')],
    ...[join(source, 'binding', 'tfjs_backend.cc'), join(source, 'binding', 'tfjs_binding.cc')],
    ...['-o', bindingFile(source)],
    ...[join(libraries.folder, ccLibrary), join(libraries.folder, frameworkLibrary)],
    `-Wl,-rpath,${libraries.folder}`,
    // TensorFlow opens CUDA's libraries by name, and finds them when they are loaded already: with the binding.
    ...(libraries.cudaLibraries.length > 0 ? ['-Wl,--no-as-needed', ...libraries.cudaLibraries] : []),
    ...cudaFolders.map((cuda) => `-Wl,-rpath,${cuda}`),
  ];
}

/** @throws SuperRlError `engine` with the compiler's words */
export async function buildBinding(
  compiler: string,
  folder: string,
  libraries: TensorflowLibraries,
  run: { readonly env: Environment; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  await mkdir(dirname(bindingFile(packageFolder(folder))), { recursive: true });
  const end = await runTool({ command: compiler, args: compilerArguments(folder, libraries), cwd: folder, ...run });
  if (end.exitCode !== 0) throw setupFailure('compile', end.tail);
}
