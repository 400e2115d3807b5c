// What the newest samples say of one reward component: mean, groups without a signal, failures, time. Pure.
import type { SampledGroup } from '../../backend/protocol/messages';
import { componentValue } from '../debugging/rank-samples';

export interface RewardFailure {
  readonly step: number;
  readonly group: number;
  readonly index: number;
  readonly kind: string;
  readonly reason: string;
  readonly stack: string | undefined;
}

export interface RewardStats {
  readonly completions: number;
  /** Over the completions that it gave a number; null: none. */
  readonly mean: number | null;
  readonly groups: number;
  /** Groups of two or more scored completions that all got the same: they teach nothing. */
  readonly flatGroups: number;
  /** Mean time of a call; null: not measured. */
  readonly ms: number | null;
  readonly failures: readonly RewardFailure[];
  readonly firstStep: number;
  readonly lastStep: number;
}

/** undefined: the component was not called on any of these. */
export function rewardStats(sampled: readonly SampledGroup[], component: string): RewardStats | undefined {
  const values: number[] = [];
  const times: number[] = [];
  const failures: RewardFailure[] = [];
  const steps: number[] = [];
  let called = 0;
  let groups = 0;
  let flatGroups = 0;
  for (const { group, completions } of sampled) {
    const own: number[] = [];
    for (const completion of completions) {
      const outcome = completion.rewards[component];
      if (outcome === undefined) continue;
      called++;
      if (outcome.ms !== undefined) times.push(outcome.ms);
      if ('invalid' in outcome) {
        const { invalid: kind, reason, stack } = outcome;
        failures.push({ step: group.step, group: group.group, index: completion.index, kind, reason, stack });
      }
      const value = componentValue(completion, component);
      if (typeof value === 'number') own.push(value);
    }
    if (own.length > 0) steps.push(group.step);
    values.push(...own);
    if (own.length < 2) continue;
    groups++;
    if (own.every((value) => value === own[0])) flatGroups++;
  }
  if (called === 0) return undefined;
  return {
    completions: called,
    mean: meanOf(values),
    groups,
    flatGroups,
    ms: meanOf(times),
    failures,
    firstStep: steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY),
    lastStep: steps.reduce((most, step) => Math.max(most, step), 0),
  };
}

/** "mean 0.42 · σ=0 in 12 % of groups · 3 failures · 1.2 ms". */
export function statsLine({ mean, groups, flatGroups, failures, ms }: RewardStats): string {
  return [
    mean === null ? undefined : `mean ${shown(mean)}`,
    groups === 0 ? undefined : `σ=0 in ${Math.round((100 * flatGroups) / groups)} % of groups`,
    failures.length === 0 ? undefined : `${failures.length} ${failures.length === 1 ? 'failure' : 'failures'}`,
    ms === null ? undefined : `${shown(ms)} ms`,
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

export interface FailureSite {
  /** 1-based, in the reward file; undefined: no line is known (a time limit, NaN). */
  readonly line: number | undefined;
  readonly column: number;
  readonly reason: string;
  readonly count: number;
  /** The newest completion that failed so. */
  readonly example: RewardFailure;
}

/** Failures by the line of the reward file where they arose and their reason, most frequent first. */
export function failureSites(failures: readonly RewardFailure[], file: string): FailureSite[] {
  const sites = new Map<string, FailureSite>();
  for (const failure of failures) {
    const place = failure.stack === undefined ? undefined : placeInFile(failure.stack, file);
    const key = `${place?.line ?? ''} ${place?.column ?? ''} ${failure.kind} ${firstLine(failure.reason)}`;
    const known = sites.get(key);
    sites.set(key, {
      line: place?.line,
      column: place?.column ?? 1,
      reason: firstLine(failure.reason),
      count: (known?.count ?? 0) + 1,
      example: known && known.example.step >= failure.step ? known.example : failure,
    });
  }
  return [...sites.values()].sort((a, b) => b.count - a.count);
}

/** The innermost frame of the file in a stack of Node (`file:12:5`) or Python (`File "…", line 12`, outermost first). */
export function placeInFile(stack: string, file: string): { line: number; column: number } | undefined {
  const name = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const python = [...stack.matchAll(new RegExp(`File "${name}", line (\\d+)`, 'g'))].at(-1);
  if (python) return { line: Number(python[1]), column: 1 };
  const node = new RegExp(`${name}:(\\d+)(?::(\\d+))?`).exec(stack);
  return node ? { line: Number(node[1]), column: Number(node[2] ?? 1) } : undefined;
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

function meanOf(numbers: readonly number[]): number | null {
  if (numbers.length === 0) return null;
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function shown(value: number): string {
  return String(Number(value.toPrecision(2)));
}
