// The rollout probe of switch.scope run (SuperRL v1): samples some training prompts before the first update
// (and every probe.every steps, our extension) to see whether reward is dense enough for plain RL.
import { shuffledOrder } from '../method/random';
import { decideProbe, fewestProbePrompts, type ProbeVerdict, probeCanFire } from '../method/run-probe';
import { SuperRlError } from '../protocol/errors';
import type { Run } from './run';
import { promptsOf, tallySuccesses } from './tally-successes';

/** In place of an epoch's number: the probe has an order of its own. */
const probeOrder = -1;

/** Whether the probe is to run before step `step`. */
export function probeIsDue(run: Run, step: number): boolean {
  const { enabled, scope, probe } = run.config.switch;
  if (!enabled || scope !== 'run') return false;
  const last = run.state.probe;
  return last === null || (probe.every > 0 && step - last.step >= probe.every);
}

/** Runs the probe, appends its event and keeps its verdict in the state. Its tokens count in the budget. @throws WorkAbandoned */
export async function probeRewardDensity(run: Run, step: number): Promise<ProbeVerdict> {
  const { config, state } = run;
  const { probe } = config.switch;
  await run.ledger.append('phase', { step, phase: 'probe', message: `Probing ${probe.prompts} prompts` });
  const order = shuffledOrder(config.seed, probeOrder, run.train.length);
  const prompts = await promptsOf(run, run.train, order, probe.prompts);
  if (!probeCanFire(prompts.length, probe.sparseBelow)) {
    throw new SuperRlError(
      'config',
      `The training data has ${prompts.length} prompts to probe, too few to ever find reward sparse below ` +
        `${probe.sparseBelow}: at least ${fewestProbePrompts(probe.sparseBelow)} are needed. Raise switch.probe.sparseBelow or give more data.`,
    );
  }
  const { temperature, topP } = config.rollout;
  const { tallies, prefilledTokens, generatedTokens } = await tallySuccesses(run, prompts, {
    completions: probe.rollouts,
    temperature,
    topP,
    greedy: false,
    purpose: 'probe',
    step,
    attempt: 0,
  });
  state.used.prefilled += prefilledTokens;
  state.used.generated += generatedTokens;
  const solved = tallies.filter(({ successes }) => successes > 0).length;
  const verdict = decideProbe(prompts.length, solved, probe.sparseBelow);
  await run.ledger.append('probe', { step, ...verdict });
  state.probe = { step, sparse: verdict.sparse };
  return verdict;
}
