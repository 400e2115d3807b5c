// Which stored completions are worth a look under the debugger: failed, not rewarded although they repeat their trace,
// lowest, highest, disagreeing. Pure.
import type { SampledGroup } from '../../backend/protocol/messages';
import type { SampleCompletion, SampleGroup } from '../../backend/protocol/sample';

export interface RankedSample {
  readonly group: SampleGroup;
  readonly completion: SampleCompletion;
  /** What the component said; null: it does not apply; undefined: it failed. */
  readonly value: number | null | undefined;
}

export const sampleOrders = ['failed', 'unrewardedTrace', 'lowest', 'highest', 'disagreeing', 'newest'] as const;
export type SampleOrder = (typeof sampleOrders)[number];

/** Completions by what one component said of them, most telling first; of the same value the newest first. */
export function rankSamples(
  groups: readonly SampledGroup[],
  component: string,
  order: SampleOrder,
  most = 100,
): RankedSample[] {
  const all = groups.flatMap(({ group, completions }) =>
    completions.map((completion) => ({ group, completion, value: componentValue(completion, component) })),
  );
  const newest = (a: RankedSample, b: RankedSample) =>
    b.group.step - a.group.step || a.group.group - b.group.group || a.completion.index - b.completion.index;
  const scored = () =>
    all.filter((sample): sample is RankedSample & { value: number } => typeof sample.value === 'number');
  switch (order) {
    case 'failed':
      return all
        .filter(({ value }) => value === undefined)
        .sort(newest)
        .slice(0, most);
    case 'unrewardedTrace':
      return scored()
        .filter(({ group, completion }) => !completion.success && repeatsTrace(group, completion))
        .sort(newest)
        .slice(0, most);
    case 'lowest':
      return scored()
        .sort((a, b) => a.value - b.value || newest(a, b))
        .slice(0, most);
    case 'highest':
      return scored()
        .sort((a, b) => b.value - a.value || newest(a, b))
        .slice(0, most);
    case 'disagreeing':
      return groups
        .flatMap((sampled) => disagreeing(sampled, component))
        .sort((a, b) => b.distance - a.distance || newest(a, b))
        .slice(0, most);
    case 'newest':
      return all.sort(newest).slice(0, most);
  }
}

/** The completion is a trace of its prompt word for word: without success the reward or the trace is wrong. */
function repeatsTrace({ demonstrations }: SampleGroup, { text }: SampleCompletion): boolean {
  return demonstrations.some((trace) => trace.trim() === text.trim());
}

/** undefined: the reward failed or was not called. */
export function componentValue(completion: SampleCompletion, component: string): number | null | undefined {
  const outcome = completion.rewards[component];
  if (outcome === undefined || 'invalid' in outcome) return undefined;
  // Scores that are not finite are stored as invalid; as a value only numbers and null come.
  return typeof outcome.value === 'string' ? undefined : outcome.value;
}

/**
 * Completions that the component scores otherwise than the rest of their group, by their distance from the median; the
 * prompt is the same, so what differs is in the completion alone.
 */
function disagreeing({ group, completions }: SampledGroup, component: string): (RankedSample & { distance: number })[] {
  const scored = completions.flatMap((completion) => {
    const value = componentValue(completion, component);
    return typeof value === 'number' ? [{ group, completion, value }] : [];
  });
  const sorted = scored.map(({ value }) => value).sort((a, b) => a - b);
  const middle = median(sorted);
  return scored.flatMap((sample) => {
    const distance = Math.abs(sample.value - middle);
    return distance > 0 ? [{ ...sample, distance }] : [];
  });
}

/** Of sorted numbers; of an even count the lower of the two in the middle. */
function median(sorted: readonly number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
