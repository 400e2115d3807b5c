// A reward function run over a run's stored completions, nothing generated: what it changes, and which decisions
// of the switch would have been others. Two hosts take turns. They read the sample files themselves where they can, so
// that this process has only numbers to compare and parses no group but those that changed.
import { resolve } from 'node:path';
import { SuperRlError } from '../../protocol/errors';
import type { RunConfig } from '../../protocol/run-config';
import type { RewardOutcome } from '../../protocol/sample';
import { createScorer } from '../../rewards/create-scorer';
import type { StoredScores } from '../../rewards/host/stored-samples';
import type { StoredScorer } from '../../rewards/scorer';
import { readRunRecord } from '../../trainer/run-folder/run-json';
import { sampledSteps, sampleFilePath } from '../../trainer/run-folder/sample-file';
import type { Computation } from './computation';
import { type Batch, batches, type StepsTogether, stepsTogether } from './rescore-batches';
import { RescoreTally } from './rescore-tally';
import { RescoredDecisions } from './rescored-decisions';
import { phasesOf } from './run-phases';
import { storedRewardSample, workingFolder } from './stored-reward-sample';

/** Parts of the run that are read, sent or scored at once: enough that neither the hosts nor this process waits. */
const mostUnderWay = 4;

export const rescore: Computation<'rescore'> = async (params, report) => {
  const { run, component, settings } = params;
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
    const phases = phasesOf(run);
    phases.catch(() => undefined); // told below
    const steps = sampledSteps(run);
    const source = stepsTogether(run, steps);
    const underWay: { readonly steps: readonly number[]; readonly scored: Promise<Scored> }[] = [];
    const sendNext = (sent: number): boolean => {
      const next = source.next();
      if (next.done) return false;
      const scored = score(run, component, next.value, scorers[sent % scorers.length]);
      scored.catch(() => undefined); // told when its turn comes
      underWay.push({ steps: next.value.steps, scored });
      return true;
    };
    let sent = 0;
    while (sent < mostUnderWay && sendNext(sent)) sent++;
    const tally = new RescoreTally(run, component, new RescoredDecisions(config, component, await phases));
    for (let oldest = underWay.shift(); oldest; oldest = underWay.shift()) {
      const scored = await oldest.scored;
      if (sendNext(sent)) sent++;
      if (scored.kind === 'stored') tally.addStored(oldest.steps, scored.scores);
      else for (const { groups, outcomes } of scored.batches) tally.add(groups, outcomes);
      const step = oldest.steps.at(-1) ?? 0;
      const message = `${tally.completions.toLocaleString('en')} completions, to step ${step} of ${steps.at(-1) ?? 0}`;
      report.progress(steps.indexOf(step) + 1, steps.length, message);
    }
    await Promise.all(scorers);
    return tally.result();
  } finally {
    const started = await Promise.allSettled(scorers);
    await Promise.all(started.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }
};

type Scored =
  | { readonly kind: 'stored'; readonly scores: StoredScores }
  | { readonly kind: 'batches'; readonly batches: readonly (Batch & { readonly outcomes: RewardOutcome[] })[] };

async function score(
  run: string,
  component: string,
  { steps, small }: StepsTogether,
  starting: Promise<StoredScorer> | undefined,
): Promise<Scored> {
  const scorer = await starting;
  if (!scorer) throw new Error('No scorer was started.');
  const files = steps.map((step) => sampleFilePath(run, step));
  const scores = small ? await scorer.scoreStored({ files, component }) : undefined;
  if (scores) return { kind: 'stored', scores };
  const scored: (Batch & { readonly outcomes: RewardOutcome[] })[] = [];
  for (const { groups } of batches(run, steps)) {
    const samples = groups.flatMap((group) => group.completions.map((one) => storedRewardSample(group, one)));
    const outcomes = await scorer.score(samples);
    scored.push({ groups, outcomes: outcomes.flat() });
  }
  return { kind: 'batches', batches: scored };
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
