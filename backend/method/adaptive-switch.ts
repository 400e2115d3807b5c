// The Adaptive Switch (SuperRL, arXiv 2506.01096; passRate after HPT, arXiv 2509.04419): decides for one group
// whether its reward carries a signal for RL or is so sparse that its demonstrations are the better teacher.
// METHOD.md has the gate table and rules 1–5, which this file implements and test/unit/method proves.
import type { Decision, SolvedClass } from '../protocol/decision';
import type { RunConfig, SwitchConfig } from '../protocol/run-config';
import { meanOf } from './advantages';
import { type BetaCounts, priorCounts, probabilityBelow, updatePosterior } from './posterior';
import { isSuccess, REWARD_TOLERANCE } from './success';

/** One group as the switch sees it. */
export interface SwitchGroup {
  /** R and c of each of the K completions; both null: invalid. */
  readonly completions: readonly {
    readonly reward: number | null;
    readonly correctness: number | null;
    readonly invalidReason?: string | undefined;
  }[];
  /** A of each completion; null: invalid. */
  readonly advantages: readonly (number | null)[];
  /** How many usable demonstrations the prompt has (M). */
  readonly demonstrations: number;
  /** posterior signal: the prompt's counts before this visit; undefined on the first. */
  readonly posterior?: BetaCounts | undefined;
}

export interface SwitchRules {
  /** rl: no switch in this phase, every group is pg. */
  readonly phase: 'rl' | 'hybrid';
  readonly switch: SwitchConfig;
  readonly mix: RunConfig['hybrid']['mix'];
}

/** The decision for one group; depends on nothing but the group and the rules (rule 3). */
export function decideGroup(group: SwitchGroup, rules: SwitchRules): Decision {
  const correctness = group.completions.flatMap(({ correctness: c }) => (c === null ? [] : [c]));
  const rewards = group.completions.flatMap(({ reward }) => (reward === null ? [] : [reward]));
  const facts = {
    ...countSuccesses(correctness, rules.switch.successAbove),
    valid: correctness.length,
    k: group.completions.length,
  };
  const none = { noSignal: false, maskedByShaping: false, missingDemonstration: false };
  if (facts.valid === 0) {
    const why = group.completions.find(({ invalidReason }) => invalidReason !== undefined)?.invalidReason;
    return {
      ...facts,
      ...none,
      kind: 'skip',
      reason: `No completion has a valid reward${why ? ` (${why})` : ''}: skipped.`,
    };
  }

  const onCorrectness = gate(correctness, 'correctness', group.posterior, rules.switch);
  const onTotal = gate(rewards, 'total', group.posterior, rules.switch);
  const verdict = rules.switch.reads === 'total' ? onTotal : onCorrectness;
  const wish = wishedKind(verdict.open, group.demonstrations, rules);
  const missingDemonstration = wish === 'sft' && group.demonstrations === 0;
  const kind = missingDemonstration ? 'skip' : wish;
  const noSignal = kind === 'pg' && group.advantages.every((advantage) => advantage === null || advantage === 0);
  const maskedByShaping = !onCorrectness.open && onTotal.open;

  const sentences = [
    `${sentenceCase(explain(verdict.because, rules))}: ${consequence(kind, group.demonstrations, missingDemonstration)}.`,
    ...(noSignal ? ['All rewards are equal, so the policy gradient is zero.'] : []),
    ...(maskedByShaping ? [maskedSentence(kind)] : []),
    ...(facts.valid < facts.k ? [`${facts.k - facts.valid} of ${facts.k} completions have an invalid reward.`] : []),
  ];
  return {
    ...facts,
    kind,
    reason: sentences.join(' '),
    noSignal,
    maskedByShaping,
    missingDemonstration,
    ...(verdict.posterior === undefined ? {} : { posterior: verdict.posterior }),
  };
}

/** The decision for a prompt in an SFT phase, where nothing is sampled. */
export function decideSupervised(demonstrations: number): Decision {
  const missingDemonstration = demonstrations === 0;
  const kind = missingDemonstration ? 'skip' : 'sft';
  return {
    kind,
    reason: `SFT phase: ${consequence(kind, demonstrations, missingDemonstration)}.`,
    passRate: null,
    successes: 0,
    valid: 0,
    k: 0,
    solved: 'none',
    noSignal: false,
    maskedByShaping: false,
    missingDemonstration,
  };
}

/** The prompt's posterior after this visit, to be kept for the next one; unchanged when no completion is valid. */
export function posteriorAfter(group: SwitchGroup, settings: SwitchConfig): BetaCounts {
  const values = group.completions.flatMap(({ correctness, reward }) => {
    const value = settings.reads === 'total' ? reward : correctness;
    return value === null ? [] : [value];
  });
  return values.length === 0 ? (group.posterior ?? priorCounts) : visited(values, group.posterior, settings);
}

interface Verdict {
  /** true: RL has a signal to learn from. */
  readonly open: boolean;
  /** What was seen, as a clause that starts a sentence. */
  readonly because: string;
  readonly posterior?: number;
}

/** The gate g of one signal over the values it reads (correctness, or the summed reward); at least one value. */
function gate(
  values: readonly number[],
  reads: SwitchConfig['reads'],
  prior: BetaCounts | undefined,
  settings: SwitchConfig,
): Verdict {
  const { successes } = countSuccesses(values, settings.successAbove);
  const word = reads === 'total' ? 'summed reward' : 'correctness';
  const share = `${successes} of ${values.length}`;
  switch (settings.signal) {
    case 'reward': {
      const best = `the best ${word} is ${short(Math.max(...values))}, success is above ${short(settings.successAbove)}`;
      const seen = `${share} completions succeed${reads === 'total' ? ' by summed reward' : ''}`;
      return { open: successes > 0, because: successes > 0 ? seen : `${seen} (${best})` };
    }
    case 'advantage': {
      const lead = Math.max(...values.map((value) => value - meanOf(values)));
      const open = lead > REWARD_TOLERANCE;
      const because = open
        ? `the best ${word} is ${short(lead)} above the group’s mean`
        : `no completion is better than the group’s mean ${word} ${short(meanOf(values))}`;
      return { open, because };
    }
    case 'passRate': {
      const rate = successes / values.length;
      const open = rate > settings.atMost;
      return {
        open,
        because: `pass rate ${short(rate)} (${share}) is ${open ? 'above' : 'at most'} ${short(settings.atMost)}`,
      };
    }
    case 'posterior': {
      const { threshold, confidence } = settings.posterior;
      const posterior = probabilityBelow(visited(values, prior, settings), threshold);
      const open = !(posterior > confidence);
      const because =
        `after ${share} successes P(pass rate < ${short(threshold)}) is ${short(posterior)}, ` +
        `${open ? 'not above' : 'above'} ${short(confidence)}`;
      return { open, because, posterior };
    }
  }
}

function visited(values: readonly number[], prior: BetaCounts | undefined, settings: SwitchConfig): BetaCounts {
  const { successes } = countSuccesses(values, settings.successAbove);
  return updatePosterior(prior ?? priorCounts, successes, values.length - successes, settings.posterior.discount);
}

function countSuccesses(values: readonly number[], successAbove: number) {
  const successes = values.filter((value) => isSuccess(value, successAbove)).length;
  const solved: SolvedClass = successes === 0 ? 'none' : successes === values.length ? 'all' : 'some';
  return { successes, solved, passRate: values.length === 0 ? null : successes / values.length };
}

/** What the mix makes of the gate: only `gated` is an either/or, the others use every demonstration there is. */
function wishedKind(open: boolean, demonstrations: number, rules: SwitchRules): 'pg' | 'sft' | 'mix' {
  if (rules.phase === 'rl') return 'pg';
  if (rules.mix !== 'gated') return demonstrations > 0 ? 'mix' : 'pg';
  return open ? 'pg' : 'sft';
}

function explain(because: string, rules: SwitchRules): string {
  if (rules.phase === 'rl') return `${because}, no switch in this phase`;
  return rules.mix === 'gated' ? because : `${because}, mix ${rules.mix}`;
}

function consequence(kind: Decision['kind'], demonstrations: number, missingDemonstration: boolean): string {
  const traces = demonstrations === 1 ? 'the demonstration' : `${demonstrations} demonstrations`;
  switch (kind) {
    case 'pg':
      return 'policy gradient';
    case 'sft':
      return `learn from ${traces}`;
    case 'mix':
      return `policy gradient and ${traces}`;
    case 'skip':
      return missingDemonstration ? 'skipped, for there is no demonstration to learn from' : 'skipped';
  }
}

function maskedSentence(kind: Decision['kind']): string {
  return kind === 'sft' || kind === 'skip'
    ? 'A shaping reward would have hidden this failure.'
    : 'A shaping reward hides this failure.';
}

function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** At most four significant digits, without trailing zeros. */
function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
