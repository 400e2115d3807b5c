// A reward function run over a run's stored completions, nothing generated: what it changes, and which decisions
// of the switch would have been others. Two hosts take turns: the next completions are read and sent to one
// while the other scores.
import { dirname, resolve } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import type { SampledGroup } from '../../protocol/messages';
import type { RunConfig } from '../../protocol/run-config';
import type { RewardOutcome } from '../../protocol/sample';
import { createScorer } from '../../rewards/create-scorer';
import type { RewardSample, Scorer } from '../../rewards/scorer';
import { readRunRecord } from '../../trainer/run-folder/run-json';
import { sampledSteps } from '../../trainer/run-folder/sample-file';
import { readGroups } from '../stored-samples';
import type { Computation, ComputationResult } from './computation';
import { RescoredDecisions } from './rescored-decisions';
import { phasesOf } from './run-phases';
import { storedRewardSample } from './stored-reward-sample';

/** Completions scored at once. */
const batchSize = 1024;
const mostListed = 20_000;

export const rescore: Computation<'rescore'> = async (params, report) => {
  const { run, component, limit = Number.POSITIVE_INFINITY, settings } = params;
  const { config, runFile } = readRunRecord(run);
  const options = {
    ...settings,
    rewards: [rewardConfig(config, component, resolve(params.rewardFile), params.export)],
    baseFolder: dirname(runFile),
  };
  const scorers: Scorer[] = [];
  try {
    scorers.push(await createScorer(options), await createScorer(options));
    const tally = new Tally(component, new RescoredDecisions(config, component, await phasesOf(run)));
    const steps = sampledSteps(run);
    const source = batches(run, steps, limit);
    const underWay: { readonly batch: Batch; readonly outcomes: Promise<RewardOutcome[][]> }[] = [];
    let complete: boolean | undefined;
    for (let turn = 0; complete === undefined || underWay.length > 0; turn++) {
      while (complete === undefined && underWay.length < scorers.length) {
        const next = await source.next();
        if (next.done) complete = next.value.complete;
        else {
          const scorer = scorers[(turn + underWay.length) % scorers.length];
          if (scorer) underWay.push({ batch: next.value, outcomes: scorer.score(samplesOf(next.value)) });
        }
      }
      const oldest = underWay.shift();
      if (!oldest) break;
      tally.add(
        oldest.batch.groups,
        (await oldest.outcomes).map(([outcome]) => outcome),
      );
      report.progress(tally.completions, undefined, `Step ${oldest.batch.step} of ${steps.at(-1) ?? 0}`);
    }
    return tally.result(complete ?? true);
  } finally {
    await Promise.all(scorers.map((scorer) => scorer.close()));
  }
};

function samplesOf({ groups }: Batch): RewardSample[] {
  return groups.flatMap((group) => group.completions.map((one) => storedRewardSample(group, one)));
}

interface Batch {
  readonly step: number;
  readonly groups: SampledGroup[];
}

/** Whole groups in the run's order, until there are no more or `limit` completions are reached. */
async function* batches(
  run: string,
  steps: readonly number[],
  limit: number,
): AsyncGenerator<Batch, { complete: boolean }> {
  let groups: SampledGroup[] = [];
  let size = 0;
  let given = 0;
  for (const step of steps) {
    for (const group of await readGroups(run, step, {})) {
      if (group.completions.length === 0) continue;
      if (given + size + group.completions.length > limit) {
        if (size > 0) yield { step, groups };
        return { complete: false };
      }
      groups.push(group);
      size += group.completions.length;
      if (size < batchSize) continue;
      yield { step, groups };
      given += size;
      groups = [];
      size = 0;
    }
  }
  if (size > 0) yield { step: steps.at(-1) ?? 0, groups };
  return { complete: true };
}

function rewardConfig(config: RunConfig, name: string, file: string, wanted: string | undefined) {
  const component = config.rewards.find((reward) => reward.name === name);
  if (!component) {
    const known = config.rewards.map((reward) => reward.name).join(', ');
    throw new SuperRlError('usage', `This run has no reward "${name}". It has ${known}.`);
  }
  const { weight, role, timeoutMs } = component;
  return { name, file, export: wanted, weight, role, timeoutMs };
}

type Result = ComputationResult<'rescore'>;

class Tally {
  completions = 0;
  #changedCount = 0;
  readonly #changed: Result['changed'] = [];
  readonly #decisions: Result['decisionsChanged'] = [];

  constructor(
    private readonly component: string,
    private readonly decisions: RescoredDecisions,
  ) {}

  add(groups: readonly SampledGroup[], outcomes: readonly (RewardOutcome | undefined)[]): void {
    let position = 0;
    for (const sampled of groups) {
      const { group, completions } = sampled;
      const own = outcomes.slice(position, position + completions.length).map((outcome) => outcome ?? noOutcome);
      position += completions.length;
      this.completions += completions.length;
      for (const [index, completion] of completions.entries()) {
        const before = completion.rewards[this.component] ?? noOutcome;
        const after = own[index] ?? noOutcome;
        if (isSame(before, after)) continue;
        this.#changedCount++;
        if (this.#changed.length >= mostListed) continue;
        this.#changed.push({ step: group.step, group: group.group, index: completion.index, before, after });
      }
      const after = this.decisions.decide(sampled, own);
      const before = group.decision.kind;
      if (before !== after) this.#decisions.push({ step: group.step, group: group.group, before, after });
    }
  }

  result(complete: boolean): Result {
    return {
      completions: this.completions,
      changed: this.#changed,
      changedCount: this.#changedCount,
      decisionsChanged: this.#decisions,
      complete,
    };
  }
}

const noOutcome: RewardOutcome = { invalid: 'hostFailed', reason: 'There is no outcome.' };
const sameWithin = 1e-9;

/** Whether two outcomes mean the same; time, console output and details don't count. */
function isSame(a: RewardOutcome, b: RewardOutcome): boolean {
  if ('invalid' in a || 'invalid' in b) return 'invalid' in a && 'invalid' in b && a.invalid === b.invalid;
  if (typeof a.value === 'number' && typeof b.value === 'number') return Math.abs(a.value - b.value) <= sameWithin;
  return a.value === b.value;
}
