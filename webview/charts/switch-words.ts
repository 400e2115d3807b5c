// What the switch did at some steps, in words: the shares, what was solved, and the gate's own reasons. Pure.
import type { RunSeries, SwitchReason } from '../../backend/protocol/run-series';
import { countText, plural, shareText } from '../ui/number-text';
import { stepsOf } from './buckets';

export const decisionNames = {
  pg: 'policy gradient',
  sft: 'traces',
  mix: 'both',
  skip: 'skipped',
} as const;

export interface SwitchShares {
  readonly pg: number;
  /** Part of pg whose rewards are all equal: no gradient. */
  readonly pgIdle: number;
  readonly sft: number;
  readonly mix: number;
  readonly skip: number;
  /** Groups by what was solved, as shares of those with valid completions; undefined: nothing was sampled. */
  readonly solved: { readonly none: number; readonly some: number; readonly all: number } | undefined;
  /** Share of groups in which a shaping reward would have hidden the failure. */
  readonly masked: number;
  /** Groups a step. */
  readonly groups: number;
}

/** Shares of a bucket; undefined where nothing was decided. */
export function switchShares(series: RunSeries, bucket: number): SwitchShares | undefined {
  const at = (name: string) => {
    const value = series.columns[name]?.mean[bucket];
    return value === undefined || !Number.isFinite(value) ? undefined : value;
  };
  const [pg, sft, mix, skip] = ['pg', 'sft', 'mix', 'skip'].map((kind) => at(`switch/${kind}_frac`) ?? 0);
  if (pg === undefined || sft === undefined || mix === undefined || skip === undefined || pg + sft + mix + skip <= 0) {
    return undefined;
  }
  const [none, some, all] = ['none', 'some', 'all'].map((solved) => at(`groups/solved_${solved}`) ?? 0);
  const sampled = (none ?? 0) + (some ?? 0) + (all ?? 0);
  const groups = groupsPerStep(series, bucket) ?? sampled;
  return {
    ...{ pg, sft, mix, skip },
    pgIdle: Math.min(pg, at('switch/no_signal_frac') ?? 0),
    solved:
      sampled > 0 ? { none: (none ?? 0) / sampled, some: (some ?? 0) / sampled, all: (all ?? 0) / sampled } : undefined,
    masked: groups > 0 ? Math.min(1, (at('switch/masked_by_shaping') ?? 0) / groups) : 0,
    groups,
  };
}

function groupsPerStep(series: RunSeries, bucket: number): number | undefined {
  const pairs = series.why[bucket] ?? [];
  const [first, last] = stepsOf(series, bucket);
  let groups = 0;
  for (let i = 1; i < pairs.length; i += 2) groups += pairs[i] ?? 0;
  // Beyond the most frequent reasons nothing is counted, so this is only exact when they are few.
  return pairs.length > 0 && pairs.length < 24 ? groups / (last - first + 1) : undefined;
}

/** “Step 412” or “Steps 401–416”. */
export function stepsText(series: RunSeries, bucket: number): string {
  const [first, last] = stepsOf(series, bucket);
  return first === last ? `Step ${countText(first)}` : `Steps ${countText(first)}–${countText(last)}`;
}

/** “62 % policy gradient (12 % without signal), 30 % traces, 8 % skipped”. */
export function decisionsText(shares: SwitchShares): string {
  const parts = (['pg', 'sft', 'mix', 'skip'] as const).flatMap((kind) => {
    if (shares[kind] <= 0) return [];
    const idle = kind === 'pg' && shares.pgIdle > 0 ? ` (${shareText(shares.pgIdle)} without signal)` : '';
    return [`${shareText(shares[kind])} ${decisionNames[kind]}${idle}`];
  });
  return parts.join(', ');
}

export function solvedText({ solved, masked }: SwitchShares): string {
  if (!solved) return 'Nothing was sampled.';
  const hidden = masked > 0 ? ` In ${shareText(masked)} of groups a shaping reward would have hidden the failure.` : '';
  return `Of the groups ${shareText(solved.none)} were not solved, ${shareText(solved.some)} in part, ${shareText(solved.all)} wholly.${hidden}`;
}

export interface CountedReason extends SwitchReason {
  readonly groups: number;
}

/**
 * Reasons of a bucket, the most frequent first. Those that differ only in a number are one: “1–7 of 8 completions
 * succeed”.
 */
export function reasonsOf(series: RunSeries, bucket: number): CountedReason[] {
  const merged = new Map<string, { kind: SwitchReason['kind']; groups: number; texts: string[] }>();
  const pairs = series.why[bucket] ?? [];
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    const reason = series.reasons[pairs[i] ?? -1];
    if (!reason) continue;
    const template = `${reason.kind} ${reason.text.replace(numbers, '#')}`;
    const entry = merged.get(template) ?? { kind: reason.kind, groups: 0, texts: [] };
    entry.groups += pairs[i + 1] ?? 0;
    entry.texts.push(reason.text);
    merged.set(template, entry);
  }
  return [...merged.values()]
    .map(({ kind, groups, texts }) => ({ kind, groups, text: mergedText(texts) }))
    .sort((a, b) => b.groups - a.groups);
}

const numbers = /\d+(?:\.\d+)?/g;

function mergedText(texts: readonly string[]): string {
  const values = texts.map((text) => (text.match(numbers) ?? []).map(Number));
  let place = 0;
  return (texts[0] ?? '').replace(numbers, (own) => {
    const here = values.flatMap((of) => of[place] ?? []);
    place++;
    const [low, high] = [Math.min(...here), Math.max(...here)];
    return low === high ? own : `${low}–${high}`;
  });
}

/** All of it in one text, for screen readers. */
export function bucketInWords(series: RunSeries, bucket: number): string {
  const shares = switchShares(series, bucket);
  if (!shares) return `${stepsText(series, bucket)}: nothing was decided.`;
  const reasons = reasonsOf(series, bucket)
    .slice(0, 3)
    .map(({ groups, text }) => `${plural(groups, 'group')}: ${text}`);
  return [`${stepsText(series, bucket)}: ${decisionsText(shares)}.`, solvedText(shares), ...reasons].join(' ');
}
