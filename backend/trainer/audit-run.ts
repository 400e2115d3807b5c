// The audit of a run file's traces with its own rewards: what `superrl data audit` and the editor's command do.
import { resolve } from 'node:path';
import { type AuditReport, auditTraces } from '../data/audit';
import { openDataset } from '../data/dataset';
import { attachTraces } from '../data/traces';
import { SuperRlError } from '../protocol/errors';
import { createScorer, type ScorerOptions } from '../rewards/create-scorer';
import type { RunSettings } from './run-settings';

export interface AuditRunOptions {
  readonly scorer?: Omit<ScorerOptions, 'rewards' | 'baseFolder'>;
  readonly onProgress?: (rows: number, of: number) => void;
}

/** @throws SuperRlError `config` when no traces are set, and what opening data, traces and rewards gives. */
export async function auditRun(
  { config, baseFolder }: RunSettings,
  { scorer: scorerOptions, onProgress }: AuditRunOptions = {},
): Promise<AuditReport> {
  if (!config.traces) {
    throw new SuperRlError('config', '"traces" is not set in the run file, so there is nothing to audit.');
  }
  const { data } = config;
  const scorer = await createScorer({ ...scorerOptions, rewards: config.rewards, baseFolder });
  try {
    const limit = data.limit === undefined ? {} : { limit: data.limit };
    const file = resolve(baseFolder, data.train);
    const dataset = await openDataset({ file, map: data.map, onBadRow: 'skip', ...limit });
    const traces = { ...config.traces, onTooLong: 'keep' as const };
    if (traces.path !== undefined) traces.path = resolve(baseFolder, traces.path);
    const traced = await attachTraces(dataset, traces);
    try {
      const { successAbove } = config.switch;
      return await auditTraces({ dataset: traced, scorer, successAbove, ...(onProgress && { onProgress }) });
    } finally {
      await traced.close();
    }
  } finally {
    await scorer.close();
  }
}
