// The words of the status bar item.
import { fromLoggedNumber, type RunEvent } from '../backend/protocol/events';
import type { RunSummary } from '../backend/protocol/messages';

/** Share of groups that the last step learnt from traces; undefined when no event tells. */
export function sftShareOf(events: readonly RunEvent[]): number | undefined {
  const last = events.findLast((event) => event.type === 'metrics');
  const values = last?.type === 'metrics' ? last.data.values : {};
  const { 'switch/sft_frac': sft, 'switch/mix_frac': mix } = values;
  if (sft === undefined) return undefined;
  return fromLoggedNumber(sft) + (mix === undefined ? 0 : fromLoggedNumber(mix));
}

/** "countdown: step 120 · reward 0.42 · 30 % from traces". */
export function statusText(run: Pick<RunSummary, 'name' | 'state' | 'step' | 'reward'>, sftShare?: number): string {
  const parts = [
    run.state === 'running' ? `step ${run.step}` : `${run.state}, step ${run.step}`,
    run.reward === undefined ? undefined : `reward ${run.reward.toFixed(2)}`,
    sftShare === undefined ? undefined : `${Math.round(100 * sftShare)} % from traces`,
  ];
  return `${run.name}: ${parts.filter((part) => part !== undefined).join(' · ')}`;
}
