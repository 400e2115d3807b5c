// How many sampled completions of each prompt succeed, for evaluation and for the rollout probe.
import type { Dataset } from '../data/row';
import { sumRewards } from '../method/rewards-sum';
import { isSuccess } from '../method/success';
import { type EncodedPrompt, encodePrompt } from './draw-prompts';
import { type SamplingRequest, sampleCompletions } from './rollout';
import { pausePoint, type Run, WorkAbandoned } from './run';
import { byComponent, rewardSample } from './score-groups';

export interface Tally {
  readonly successes: number;
  /** Completions with a valid reward. */
  readonly valid: number;
}

export interface Tallied {
  /** One a prompt, in order. */
  readonly tallies: readonly Tally[];
  readonly prefilledTokens: number;
  readonly generatedTokens: number;
}

/**
 * Samples in batches no larger than a training step's, which is known to fit the memory.
 * @throws WorkAbandoned when the run is to stop
 */
export async function tallySuccesses(
  run: Run,
  prompts: readonly EncodedPrompt[],
  request: SamplingRequest,
): Promise<Tallied> {
  const { promptsPerStep, k } = run.config.rollout;
  const batchSize = Math.max(1, Math.floor((promptsPerStep * k) / request.completions));
  const tallies: Tally[] = [];
  let prefilledTokens = 0;
  let generatedTokens = 0;
  for (let from = 0; from < prompts.length; from += batchSize) {
    await pausePoint(run, run.state.step);
    if (run.control.stopReason !== undefined) throw new WorkAbandoned();
    const batch = prompts.slice(from, from + batchSize).map((prompt) => ({ ...prompt, occurrence: 0 }));
    const sampled = await sampleCompletions(run, batch, request);
    prefilledTokens += sampled.prefilledTokens;
    generatedTokens += sampled.generatedTokens;
    const samples = batch.flatMap((prompt, index) => {
      const completions = sampled.completions[index] ?? [];
      return completions.map((completion, c) => rewardSample({ index, prompt, completions }, c, completion));
    });
    const outcomes = await run.scorer.score(samples);
    const ofBatch = batch.map(() => ({ successes: 0, valid: 0 }));
    for (const [position, sample] of samples.entries()) {
      const { correctness } = sumRewards(run.scorer.components, byComponent(run, outcomes[position] ?? []));
      const tally = ofBatch[sample.group.index];
      if (!tally || correctness === null) continue;
      tally.valid++;
      if (isSuccess(correctness, run.config.switch.successAbove)) tally.successes++;
    }
    tallies.push(...ofBatch);
  }
  return { tallies, prefilledTokens, generatedTokens };
}

/** The prompts of the first `count` rows in the order of `indices`. */
export async function promptsOf(
  run: Run,
  data: Dataset,
  indices: Iterable<number>,
  count: number,
): Promise<EncodedPrompt[]> {
  const prompts: EncodedPrompt[] = [];
  for (const index of indices) {
    if (prompts.length === count) break;
    prompts.push(encodePrompt(await data.row(index), run.config, run.tokenizer));
  }
  return prompts;
}
