// The computation process (dist/computation.mjs): does what it is told, one request after the other, and ends
// with the server.
import { SuperRlError } from '../../protocol/errors';
import { requests } from '../../protocol/messages';
import { processTree } from '../../rewards/host/process-tree';
import type { ParsedParams } from '../request';
import {
  type Computation,
  type ComputationName,
  type ComputationReport,
  type FromComputation,
  toComputationSchema,
} from './computation';

/** Loaded when asked for, so that looking at a dataset does not load an engine. */
const computations: { readonly [N in ComputationName]: () => Promise<Computation<N>> } = {
  inspectData: async () => (await import('./inspect-data')).inspectData,
  auditTraces: async () => (await import('./audit-traces')).auditTraces,
  probeSparsity: async () => (await import('./probe-sparsity')).probeSparsity,
  tryModel: async () => (await import('./try-model')).tryModel,
  exportModel: async () => (await import('./export-model')).exportModel,
  rescore: async () => (await import('./rescore')).rescore,
  debugReward: async () => (await import('./debug-reward')).debugReward,
  debugFixture: async () => (await import('./debug-fixture')).debugFixture,
  runFixtures: async () => (await import('./run-fixtures')).runFixtures,
  readRows: async () => (await import('./data-views')).readRows,
  searchRows: async () => (await import('./data-views')).searchRows,
  traceRows: async () => (await import('./data-views')).traceRows,
};

process.on('message', (raw) => {
  const { name, params } = toComputationSchema.parse(raw);
  void answer(name, params);
});
process.on('disconnect', () => void leave());
process.stderr.on('error', () => {}); // its reader may be gone
process.on('SIGINT', () => {}); // Ctrl-C at the server's terminal goes to the whole group; the server says what it means
process.on('uncaughtException', (error) => send(errorMessage(error)));

/** Takes its children along: a reward host that a debugger holds before its first line sees no end of its stdin. */
async function leave(): Promise<void> {
  for (const { pid } of await processTree(process.pid).catch(() => [])) {
    if (pid !== process.pid) tryKill(pid);
  }
  process.exit(0);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself meanwhile.
  }
}

async function answer(name: ComputationName, params: unknown): Promise<void> {
  try {
    send({ kind: 'result', result: await compute(name, params) });
  } catch (error) {
    send(errorMessage(error));
  }
}

async function compute<N extends ComputationName>(name: N, params: unknown): Promise<unknown> {
  const computation: Computation<N> = await computations[name]();
  // The schema of this very request made them; TypeScript can't tie the two together.
  return computation(requests[name].params.parse(params) as ParsedParams<N>, report);
}

const report: ComputationReport = {
  progress: (done, total, message) =>
    send({ kind: 'progress', done, ...(total === undefined ? {} : { total }), message }),
  port: (port) => send({ kind: 'port', port }),
};

function errorMessage(error: unknown): FromComputation {
  if (error instanceof SuperRlError) {
    const { code, message, place, stack } = error;
    return { kind: 'error', code, message, ...(place && { place }), ...(stack !== undefined && { stack }) };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'error', code: 'internal', message, ...(stack !== undefined && { stack }) };
}

function send(message: FromComputation): void {
  if (process.connected) process.send?.(message);
}
