// One step of an SFT phase (baselines sft and sft-then-rl): promptsPerStep prompts with all their demonstrations,
// nothing sampled.
import { decideSupervised } from '../method/adaptive-switch';
import { hybridWeights, planUpdate } from '../method/hybrid-actor';
import { drawPrompts } from './draw-prompts';
import { learn } from './learn';
import { logGroups } from './log-groups';
import { StepClock, type StepReport, stepReport } from './metrics';
import type { Run } from './run';

/** @param progress share of the budget used before the step */
export async function supervisedStep(run: Run, step: number, progress: number): Promise<StepReport> {
  const { config, state } = run;
  const clock = new StepClock(run, step);
  const prompts = await drawPrompts(run, config.rollout.promptsPerStep, new Map(), true);
  const groups = prompts.map((prompt, index) => ({
    index,
    attempt: 0,
    prompt,
    completions: [],
    decision: decideSupervised(prompt.demonstrations.length),
  }));
  await logGroups(run, step, groups, []);
  const plan = planUpdate(
    groups.map(({ decision, prompt }) => ({
      kind: decision.kind,
      completions: [],
      demonstrations: prompt.demonstrations.map((ids) => ids.length),
    })),
    config,
    hybridWeights(config.hybrid, state.phase, progress, null),
  );
  const learned = await clock.time('update', () => learn(run, step, groups, plan, progress));
  return stepReport(run, step, groups, learned, clock.times, 0);
}
