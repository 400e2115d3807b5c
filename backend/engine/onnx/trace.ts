// Entry to tracing: registers the backend and its kernels once in a process and traces programs.
import { tf } from '../tensor/tfjs';
import type { OnnxProvider } from './provider';
import { type Trace, TraceBackend, traceBackendName } from './trace-backend';
import { registerTraceFusedKernels } from './trace-fused-kernels';
import { registerTraceKernels } from './trace-kernels';

let backend: TraceBackend | undefined;

function traceBackend(): TraceBackend {
  if (backend !== undefined) return backend;
  backend = new TraceBackend();
  const registered = backend;
  tf.registerBackend(traceBackendName, () => registered, 0);
  registerTraceKernels();
  registerTraceFusedKernels();
  return registered;
}

/** Runs a tfjs program that declares its inputs and outputs on the trace, and returns the trace with its graph. */
export function traceProgram(program: (trace: Trace) => void, provider: OnnxProvider = 'cpu'): Trace {
  return traceBackend().record(provider, program);
}
