// Rewards of a step's completions: R, the weighted sum of all components, and c, that of the correctness ones.
// A completion without a valid reward is invalid with its reason and never a silent 0. Rewards that an
// interrupted run has logged for the same completion are reused, so that a time-out does not decide differently.
import { sumRewards } from '../method/rewards-sum';
import type { RewardOutcome, SampleLine } from '../protocol/sample';
import { invalidRewardsAlarm, rewardsAreValid } from './alarms';
import type { EncodedPrompt } from './draw-prompts';
import type { Completion, Rollout } from './rollout';
import { pausePoint, type Run, WorkAbandoned } from './run';

export interface ScoredCompletion extends Completion {
  readonly outcomes: Readonly<Record<string, RewardOutcome>>;
  /** R; null: invalid. */
  readonly reward: number | null;
  /** c; null: invalid. */
  readonly correctness: number | null;
  readonly invalidReason?: string | undefined;
}

export interface ScoredGroup extends Omit<Rollout, 'completions'> {
  readonly completions: readonly ScoredCompletion[];
}

/** Scores all completions; pauses the run while more than maxInvalidShare of them are invalid. */
export async function scoreGroups(
  run: Run,
  step: number,
  rollouts: readonly Rollout[],
  logged: LoggedRewards,
): Promise<ScoredGroup[]> {
  let isPaused = false;
  let outcomes = rollouts.map((rollout) =>
    rollout.completions.map((completion, index) => logged.find(rollout, index, completion)),
  );
  for (;;) {
    outcomes = await scoreMissing(run, rollouts, outcomes);
    const groups = rollouts.map((rollout, r) => withSums(run, rollout, outcomes[r] ?? []));
    const completions = groups.flatMap((group) => group.completions);
    const invalid = completions.filter((completion) => completion.reward === null);
    const [first] = invalid;
    if (!first || invalid.length <= run.config.maxInvalidShare * completions.length) {
      if (isPaused) await run.ledger.append('alarmOver', rewardsAreValid(step));
      return groups;
    }
    await run.ledger.append(
      'alarm',
      invalidRewardsAlarm(step, invalid.length, completions.length, first.invalidReason ?? ''),
    );
    isPaused = true;
    run.control.requestPause('Too many completions have no valid reward.');
    await pausePoint(run, step);
    if (run.control.stopReason !== undefined) throw new WorkAbandoned();
    await run.scorer.close();
    run.scorer = await run.openScorer();
    outcomes = groups.map((group) => group.completions.map((c) => (c.reward === null ? undefined : c.outcomes)));
  }
}

type Outcomes = Readonly<Record<string, RewardOutcome>>;

async function scoreMissing(
  run: Run,
  rollouts: readonly Rollout[],
  known: readonly (readonly (Outcomes | undefined)[])[],
): Promise<(Outcomes | undefined)[][]> {
  const wanted = rollouts.flatMap((rollout, r) =>
    rollout.completions.flatMap((completion, index) =>
      known[r]?.[index] ? [] : [{ r, index, sample: rewardSample(rollout, index, completion) }],
    ),
  );
  const scored = wanted.length > 0 ? await run.scorer.score(wanted.map(({ sample }) => sample)) : [];
  const outcomes = known.map((group) => [...group]);
  for (const [position, { r, index }] of wanted.entries()) {
    const row = outcomes[r];
    if (row) row[index] = byComponent(run, scored[position] ?? []);
  }
  return outcomes;
}

/** What a reward is given of the completion `index` of a group. */
export function rewardSample(
  group: {
    readonly index: number;
    readonly prompt: EncodedPrompt;
    readonly completions: readonly unknown[];
  },
  index: number,
  completion: Completion,
) {
  const { row } = group.prompt;
  return {
    prompt: row.prompt,
    completion: completion.text,
    answer: row.answer,
    row: row.columns,
    group: { index: group.index, completion: index, size: group.completions.length },
    tokenIds: [...completion.tokenIds],
  };
}

/** Outcomes by component name. */
export function byComponent(run: Pick<Run, 'scorer'>, outcomes: readonly RewardOutcome[]): Outcomes {
  return Object.fromEntries(
    run.scorer.components.map(({ name }, c) => [
      name,
      outcomes[c] ?? { invalid: 'wrongLength' as const, reason: `The scorer gave nothing for ${name}.` },
    ]),
  );
}

function withSums(run: Run, rollout: Rollout, outcomes: readonly (Outcomes | undefined)[]): ScoredGroup {
  const completions = rollout.completions.map((completion, index) => {
    const of = outcomes[index] ?? {};
    return { ...completion, outcomes: of, ...sumRewards(run.scorer.components, of) };
  });
  return { ...rollout, completions };
}

/** Rewards of the same step as an interrupted run has logged them. */
export class LoggedRewards {
  readonly #byKey = new Map<string, { tokens: string; outcomes: Outcomes }>();

  constructor(lines: readonly SampleLine[]) {
    const groups = new Map<number, string>();
    for (const line of lines) {
      if (line.kind === 'group') groups.set(line.group, key(line.promptId, line.occurrence, line.attempt));
      else {
        const tokens = line.tokenIds.join();
        this.#byKey.set(`${groups.get(line.group)} ${line.index}`, { tokens, outcomes: line.rewards });
      }
    }
  }

  /** The logged outcomes of this completion, if it has the same tokens as then. */
  find(rollout: Rollout, index: number, completion: Completion): Outcomes | undefined {
    const { row, occurrence } = rollout.prompt;
    const found = this.#byKey.get(`${key(row.id, occurrence, rollout.attempt)} ${index}`);
    return found?.tokens === completion.tokenIds.join() ? found.outcomes : undefined;
  }
}

function key(promptId: string, occurrence: number, attempt: number): string {
  return `${JSON.stringify(promptId)} ${occurrence} ${attempt}`;
}
