// What scoring anew changes: completions whose outcome is another, and decisions of the switch that would have been.
import type { RewardOutcome } from '../../protocol/sample';
import type { StoredFile, StoredOutcome, StoredScores } from '../../rewards/host/stored-samples';
import type { ComputationResult } from './computation';
import { readGroups, type StoredGroup } from './rescore-batches';
import type { RescoredDecisions } from './rescored-decisions';

type Result = ComputationResult<'rescore'>;

const mostListed = 20_000;
const noOutcome: RewardOutcome = { invalid: 'hostFailed', reason: 'There is no outcome.' };
const sameWithin = 1e-9;

export class RescoreTally {
  completions = 0;
  #changedCount = 0;
  readonly #changed: Result['changed'] = [];
  readonly #decisions: Result['decisionsChanged'] = [];

  constructor(
    private readonly run: string,
    private readonly component: string,
    private readonly decisions: RescoredDecisions,
  ) {}

  /** The outcomes of whole groups, one completion after the other. */
  add(groups: readonly StoredGroup[], outcomes: readonly (RewardOutcome | undefined)[]): void {
    let position = 0;
    for (const group of groups) {
      const next = position + group.completions.length;
      this.#addGroup(group, outcomes.slice(position, next));
      position = next;
    }
  }

  /** Of files that a host has read: only groups that matter are read here too. */
  addStored(steps: readonly number[], { files, outcomes }: StoredScores): void {
    let position = 0;
    for (const [at, file] of files.entries()) {
      const end = position + file.before.length;
      this.#addFile(steps[at] ?? 0, file, outcomes.slice(position, end));
      position = end;
    }
  }

  result(): Result {
    return {
      completions: this.completions,
      changed: this.#changed,
      changedCount: this.#changedCount,
      decisionsChanged: this.#decisions,
    };
  }

  #addFile(step: number, file: StoredFile, outcomes: readonly RewardOutcome[]): void {
    const ends: number[] = [];
    const wanted = new Set<number>();
    let position = 0;
    for (const [place, size] of file.sizes.entries()) {
      const end = position + size;
      let matters = size > 0 && this.decisions.needEveryGroup;
      while (!matters && position < end) {
        matters = outcomeOf(outcomes[position] ?? noOutcome) !== file.before[position];
        position++;
      }
      if (matters) wanted.add(place);
      else this.completions += size;
      position = end;
      ends.push(end);
    }
    if (wanted.size === 0) return;
    for (const [place, group] of readGroups(this.run, step, file, wanted)) {
      const end = ends[place] ?? 0;
      this.#addGroup(group, outcomes.slice(end - group.completions.length, end));
    }
  }

  #addGroup(sampled: StoredGroup, outcomes: readonly (RewardOutcome | undefined)[]): void {
    const { group, completions } = sampled;
    const own = completions.map((_, index) => outcomes[index] ?? noOutcome);
    this.completions += completions.length;
    const changedBefore = this.#changedCount;
    for (const [index, completion] of completions.entries()) {
      const before = completion.rewards[this.component] ?? noOutcome;
      const after = own[index] ?? noOutcome;
      if (isSame(before, after)) continue;
      this.#changedCount++;
      if (this.#changed.length >= mostListed) continue;
      this.#changed.push({ step: group.step, group: group.group, index: completion.index, before, after });
    }
    const after = this.decisions.decide(sampled, own, this.#changedCount > changedBefore);
    const before = group.decision.kind;
    if (before !== after) this.#decisions.push({ step: group.step, group: group.group, before, after });
  }
}

function outcomeOf(outcome: RewardOutcome): StoredOutcome {
  return 'invalid' in outcome ? outcome.invalid : outcome.value;
}

/** Whether two outcomes mean the same; time, console output and details don't count. */
function isSame(a: RewardOutcome, b: RewardOutcome): boolean {
  if ('invalid' in a || 'invalid' in b) return 'invalid' in a && 'invalid' in b && a.invalid === b.invalid;
  if (typeof a.value === 'number' && typeof b.value === 'number') return Math.abs(a.value - b.value) <= sameWithin;
  return a.value === b.value;
}
