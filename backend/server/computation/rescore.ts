// A reward function run over a run's stored completions, nothing generated: what it changes, and which decisions
// of the switch would have been others. Two hosts take turns: the next completions are read and sent to one
// while the other scores.
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SuperRlError } from '../../protocol/errors';
import type { RunConfig } from '../../protocol/run-config';
import type { RewardOutcome } from '../../protocol/sample';
import { createScorer } from '../../rewards/create-scorer';
import type { Scorer } from '../../rewards/scorer';
import { readRunRecord } from '../../trainer/run-folder/run-json';
import { sampledSteps } from '../../trainer/run-folder/sample-file';
import type { Computation, ComputationResult } from './computation';
import { type Batch, batches, type StoredGroup } from './rescore-batches';
import { RescoredDecisions } from './rescored-decisions';
import { phasesOf } from './run-phases';
import { storedRewardSample, workingFolder } from './stored-reward-sample';

const mostListed = 20_000;

/** Batches that are read, sent or scored at once: enough that neither the hosts nor this process waits. */
const mostUnderWay = 4;

export const rescore: Computation<'rescore'> = async (params, report) => {
  const { run, component, limit = Number.POSITIVE_INFINITY, settings } = params;
  const { config } = readRunRecord(run);
  const rewardFile = resolve(params.rewardFile);
  const options = {
    ...settings,
    rewards: [rewardConfig(config, component, rewardFile, params.export)],
    baseFolder: workingFolder(run, rewardFile),
  };
  const scorers = [createScorer(options), createScorer(options)]; // they start while the first completions are read
  for (const scorer of scorers) scorer.catch(() => undefined); // told by what waits for it
  try {
    const tally = new Tally(component, new RescoredDecisions(config, component, await phasesOf(run)));
    const steps = sampledSteps(run);
    const source = batches(run, steps, limit);
    const underWay: { readonly batch: Batch; readonly outcomes: Promise<RewardOutcome[][]> }[] = [];
    let complete: boolean | undefined;
    for (let sent = 0; complete === undefined || underWay.length > 0; ) {
      while (complete === undefined && underWay.length < mostUnderWay) {
        const next = source.next();
        if (next.done) complete = next.value.complete;
        else underWay.push({ batch: next.value, outcomes: scoreBatch(next.value, scorers[sent++ % scorers.length]) });
        await nextTurn(); // it goes out, and the hosts' answers come in
      }
      const oldest = underWay.shift();
      if (!oldest) break;
      tally.add(
        oldest.batch.groups,
        (await oldest.outcomes).map(([outcome]) => outcome),
      );
      const { step } = oldest.batch;
      const message = `${tally.completions.toLocaleString('en')} completions, to step ${step} of ${steps.at(-1) ?? 0}`;
      report.progress(steps.indexOf(step) + 1, steps.length, message);
    }
    await Promise.all(scorers);
    return tally.result(complete ?? true);
  } finally {
    const started = await Promise.allSettled(scorers);
    await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }
};

function scoreBatch({ groups }: Batch, starting: Promise<Scorer> | undefined): Promise<RewardOutcome[][]> {
  const samples = groups.flatMap((group) => group.completions.map((one) => storedRewardSample(group, one)));
  const outcomes = Promise.resolve(starting).then((scorer) => scorer?.score(samples) ?? []);
  outcomes.catch(() => undefined); // told when its turn comes
  return outcomes;
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

  add(groups: readonly StoredGroup[], outcomes: readonly (RewardOutcome | undefined)[]): void {
    let position = 0;
    for (const sampled of groups) {
      const { group, completions } = sampled;
      const own = outcomes.slice(position, position + completions.length).map((outcome) => outcome ?? noOutcome);
      position += completions.length;
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
