// Rollouts: K completions y ~ π_T(·|x) of each prompt, with their texts as rewards see them.
import type { GeneratedCompletion, Generation } from '../engine/engine';
import { type RandomPurpose, uniformSource } from '../method/random';
import { createStopMatcher, cutEnding } from '../model/stop-matcher';
import type { DrawnPrompt, EncodedPrompt } from './draw-prompts';
import { pausePoint, type Run, type RunParts } from './run';

export interface Completion {
  /** Ending included. */
  readonly tokenIds: Int32Array;
  /** Ending removed. */
  readonly text: string;
  readonly stopReason: GeneratedCompletion['stopReason'];
  readonly truncated: boolean;
  /** Of π_T at each token, by the decoder: for display. */
  readonly entropies: Float32Array;
}

/** The completions of one prompt in one attempt of a step. */
export interface Rollout {
  /** Index in the step, over all attempts. */
  readonly index: number;
  readonly attempt: number;
  readonly prompt: DrawnPrompt;
  readonly completions: readonly Completion[];
}

export interface SamplingRequest {
  readonly completions: number;
  readonly temperature: number;
  readonly topP: number;
  readonly greedy: boolean;
  readonly purpose: RandomPurpose;
  readonly step: number;
  readonly attempt: number;
}

export interface Sampled {
  /** [prompt][completion] */
  readonly completions: Completion[][];
  readonly prefilledTokens: number;
  readonly generatedTokens: number;
}

/** Samples completions of each prompt. Random numbers depend on the prompt and not on its place in the batch. */
export async function sampleCompletions(
  run: RunParts,
  prompts: readonly (EncodedPrompt & { readonly occurrence: number })[],
  request: SamplingRequest,
): Promise<Sampled> {
  const { tokenizer, engine, config } = run;
  const { stop, maxNewTokens } = config.rollout;
  const uniforms = prompts.map((prompt) =>
    uniformSource({
      seed: config.seed,
      purpose: request.purpose,
      step: request.step,
      attempt: request.attempt,
      promptId: prompt.row.id,
      occurrence: prompt.occurrence,
    }),
  );
  const generation: Generation = await engine.generate({
    groups: prompts.map((prompt) => ({ promptIds: prompt.ids, completions: request.completions })),
    maxNewTokens,
    temperature: request.temperature,
    topP: request.topP,
    greedy: request.greedy,
    eosIds: tokenizer.eosIds,
    stopMatcher: stop.length > 0 ? () => createStopMatcher(tokenizer, stop) : undefined,
    uniform: (group, completion, token) => uniforms[group]?.(completion, token) ?? Number.NaN,
  });
  const completions = generation.completions.map((group) =>
    group.map((completion) => ({
      tokenIds: completion.tokenIds,
      text: cutEnding(tokenizer, completion, stop),
      stopReason: completion.stopReason,
      truncated: completion.stopReason === 'length',
      entropies: completion.entropies,
    })),
  );
  return { completions, prefilledTokens: generation.prefilledTokens, generatedTokens: generation.generatedTokens };
}

/** The rollouts of a training step's prompts; counts their tokens in the state. @param from index of the first group */
export async function rollOut(
  run: Run,
  step: number,
  attempt: number,
  from: number,
  prompts: readonly DrawnPrompt[],
): Promise<Rollout[]> {
  const { k, temperature, topP } = run.config.rollout;
  const request = { completions: k, temperature, topP, greedy: false, purpose: 'train', step, attempt } as const;
  const sampled = await sampleCompletions(run, prompts, request);
  run.state.used.prefilled += sampled.prefilledTokens;
  run.state.used.generated += sampled.generatedTokens;
  await pausePoint(run, step);
  return prompts.map((prompt, index) => ({
    index: from + index,
    attempt,
    prompt,
    completions: sampled.completions[index] ?? [],
  }));
}
