// A run.json for tests.
import type { RunConfig } from '../../../../backend/protocol/run-config';
import { describeMachine, type RunRecord } from '../../../../backend/trainer/run-folder/run-json';

export function runRecord(id: string): RunRecord {
  return {
    format: 1,
    id,
    superrl: '0.0.0',
    createdAt: '2026-01-01T00:00:00.000Z',
    runFile: '/data/count.superrl.json',
    config: { name: 'count', method: 'superrl', seed: 0, budget: { steps: 200 } } as RunConfig,
    machine: describeMachine(),
    engine: { engine: 'onnx', device: 'CPU, 2 threads', versions: {}, deterministic: true },
    plan: { threads: 2, microBatchTokens: 2048, tokenBucket: 32, decodeWeights: 'initializers' },
  };
}
