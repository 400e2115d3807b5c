// SuperRL in one step (arXiv 2506.01096): reinforcement learning where reward gives a signal, offline traces
// where it is too sparse to. Where this departs from the paper:
// 1. The switch reads the correctness rewards, not the summed reward, so that a format reward can't hide a failure.
// 2. It decides for every prompt (the paper's second version); the run-wide probe of the first is switch.scope run.
// 3. All weights and denominators of the Hybrid Actor are fixed before the step's first micro-batch.
// 4. A prompt without a demonstration is skipped and counted, where the paper takes for granted that there is one.
// 5. Completions whose reward failed take no part in any mean or decision.
import { stepAdvantages } from '../method/advantages';
import { hybridWeights, planUpdate } from '../method/hybrid-actor';
import { initialLogSigma } from '../method/log-sigma';
import { adaptLogSigma } from './adapt-log-sigma';
import { type DecidedGroup, decideGroups, dropWithoutSignal, rewardsOf } from './decide-groups';
import { drawPrompts } from './draw-prompts';
import { learn } from './learn';
import { logGroups } from './log-groups';
import { StepClock, type StepReport, stepReport } from './metrics';
import { rollOut } from './rollout';
import type { Run } from './run';
import { LoggedRewards, scoreGroups } from './score-groups';

/**
 * One step of RL or of the Hybrid Actor; the weights change at its very end.
 * @param progress share of the budget used before the step
 */
export async function superRlStep(run: Run, step: number, progress: number): Promise<StepReport> {
  const { config, state } = run;
  const { promptsPerStep } = config.rollout;
  const clock = new StepClock(run, step);
  const logged = new LoggedRewards((await run.ledger.readSamples(step)) ?? []);
  const generatedBefore = state.used.generated;
  const occurrences = new Map<string, number>();
  const groups: DecidedGroup[] = [];

  // `filter` samples again in place of groups without signal; every other method samples once.
  const attempts = config.method === 'filter' ? config.filter.maxAttempts : 1;
  for (let attempt = 0, wanted = promptsPerStep; attempt < attempts && wanted > 0; attempt++) {
    const prompts = await drawPrompts(run, wanted, occurrences); // x
    const rollouts = await clock.time('generate', () => rollOut(run, step, attempt, groups.length, prompts)); // y ~ π(·|x)
    const scored = await clock.time('reward', () => scoreGroups(run, step, rollouts, logged)); // R(x,y), c(x,y)
    const decided = decideGroups(run, scored); // Adaptive Switch: pg, sft, mix or skip
    groups.push(...(config.method === 'filter' ? decided.map(dropWithoutSignal) : decided));
    wanted = promptsPerStep - groups.filter(({ decision }) => decision.kind !== 'skip').length;
  }

  const advantages = stepAdvantages(groups.map(rewardsOf), config.advantage); // A[group][completion]
  await logGroups(run, step, groups, advantages);

  // Hybrid Actor: L = Σ_x a_x L_PG(x) + b_x L_SFT(x), its weights and denominators fixed for the whole step.
  if (state.phase === 'hybrid' && config.hybrid.mix === 'log-sigma') state.logSigma ??= initialLogSigma;
  const weights = hybridWeights(config.hybrid, state.phase, progress, state.logSigma);
  const plan = planUpdate(
    groups.map(({ decision, prompt, completions }, g) => ({
      kind: decision.kind,
      demonstrations: prompt.demonstrations.map((ids) => ids.length),
      completions: completions.map(({ tokenIds, truncated }, k) => ({
        tokens: tokenIds.length,
        truncated,
        advantage: advantages[g]?.[k] ?? null,
      })),
    })),
    config,
    weights,
  );
  const learned = await clock.time('update', () => learn(run, step, groups, plan, progress)); // θ ← AdamW(θ, ∇L)
  const report = stepReport(run, step, groups, learned, clock.times, state.used.generated - generatedBefore);
  adaptLogSigma(run, learned, weights);
  return report;
}
