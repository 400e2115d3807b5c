// The audit of a run file's traces with its own rewards: what `superrl data audit` and the editor's command do.
import { resolve } from 'node:path';
import { type AuditReport, type AuditRequest, auditTraces } from '../data/audit';
import { openDataset } from '../data/dataset';
import { heldOutRequest, readHeldOutPrompts } from '../data/held-out-data';
import { attachTraces } from '../data/traces';
import { renderPrompt } from '../model/prompt';
import { encodeDemonstration } from '../model/stop-matcher';
import type { Tokenizer } from '../model/tokenizer';
import { SuperRlError } from '../protocol/errors';
import type { RunConfig } from '../protocol/run-config';
import { createScorer, type ScorerOptions } from '../rewards/create-scorer';
import { startingTokenizer } from './prepare-model';
import { textsOf } from './prepare-run';
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
    throw new SuperRlError(
      'config',
      '"traces" is not set in the run file, so there is nothing to audit. Add "traces": {} when they are a column of the dataset, or {"path": "…"}.',
    );
  }
  const { data } = config;
  const scorer = await createScorer({ ...scorerOptions, rewards: config.rewards, baseFolder });
  try {
    const limit = data.limit === undefined ? {} : { limit: data.limit };
    const file = resolve(baseFolder, data.train);
    const heldOutData = heldOutRequest(data, baseFolder);
    const heldOut = heldOutData && (await readHeldOutPrompts(heldOutData));
    const dataset = await openDataset({ file, map: data.map, onBadRow: 'skip', ...limit, heldOut });
    const lengths = await lengthCheck(config, baseFolder);
    const traces = { ...config.traces, onTooLong: 'keep' as const };
    if (traces.path !== undefined) traces.path = resolve(baseFolder, traces.path);
    const traced = await attachTraces(dataset, traces);
    try {
      const { successAbove } = config.switch;
      return await auditTraces({
        dataset: traced,
        scorer,
        successAbove,
        ...lengths,
        ...(onProgress && { onProgress }),
      });
    } finally {
      await traced.close();
    }
  } finally {
    await scorer.close();
  }
}

/** What the model's tokenizer adds; a model that isn't here yet is no reason not to look at the traces. */
async function lengthCheck(
  config: RunConfig,
  baseFolder: string,
): Promise<Pick<AuditRequest, 'limit' | 'whyNoLimit' | 'renderPrompt' | 'encode'>> {
  let tokenizer: Tokenizer;
  try {
    tokenizer = await startingTokenizer(config, baseFolder, () => textsOf(config, baseFolder));
  } catch (error) {
    if (!(error instanceof SuperRlError) || !(error.code === 'model' || error.code === 'tokenizer')) throw error;
    return { whyNoLimit: error.message };
  }
  const { prompt, rollout } = config;
  return {
    limit: {
      tokens: rollout.maxNewTokens,
      count: (text) => encodeDemonstration(tokenizer, text, rollout.stop).length,
    },
    renderPrompt: (row) => renderPrompt(row, prompt, tokenizer),
    encode: (text) => [...encodeDemonstration(tokenizer, text, rollout.stop)],
  };
}
