// Evaluation on held-out prompts: pass@k by the unbiased estimator from n samples a prompt, greedy accuracy,
// and 95 % bootstrap intervals over prompts. The same prompts and the same random numbers each time.
import { bootstrapInterval } from '../method/bootstrap';
import { passAtK } from '../method/pass-at-k';
import { SuperRlError } from '../protocol/errors';
import { type EventData, toLoggedNumber } from '../protocol/events';
import { type Run, workingTime } from './run';
import { promptsOf, tallySuccesses } from './tally-successes';

export type Evaluation = EventData<'evaluation'>;

/**
 * Evaluates the policy on the first eval.prompts held-out prompts; changes nothing of the run.
 * @throws WorkAbandoned when the run is to stop
 * `eval/pass@k` leaves out prompts with fewer than k valid completions; `eval/invalid_frac` says how many were invalid.
 */
export async function evaluate(run: Run, step: number): Promise<Evaluation> {
  const started = workingTime(run);
  const { heldOut, config } = run;
  if (!heldOut) throw new SuperRlError('internal', 'Evaluation without held-out data.');
  const settings = config.eval;
  const prompts = await promptsOf(run, heldOut, Array(heldOut.length).keys(), settings.prompts);
  const sampling = {
    temperature: settings.temperature,
    topP: settings.topP,
    purpose: 'eval',
    step: 0,
    attempt: 0,
  } as const;
  const values: Record<string, number> = {};
  const intervals: Record<string, [number, number]> = {};
  const report = (name: string, perPrompt: number[]) => {
    values[name] = mean(perPrompt);
    if (perPrompt.length > 0) intervals[name] = bootstrapInterval(perPrompt, config.seed);
  };

  const sampled = await tallySuccesses(run, prompts, { ...sampling, completions: settings.samples, greedy: false });
  for (const k of settings.k) {
    const enough = sampled.tallies.filter(({ valid }) => valid >= k);
    report(
      passAtKName(k),
      enough.map(({ valid, successes }) => passAtK(valid, successes, k)),
    );
  }
  values['eval/invalid_frac'] = mean(sampled.tallies.map(({ valid }) => 1 - valid / settings.samples));
  if (settings.greedy) {
    const greedy = await tallySuccesses(run, prompts, { ...sampling, completions: 1, greedy: true });
    const valid = greedy.tallies.filter((tally) => tally.valid > 0);
    report(
      'eval/greedy',
      valid.map(({ successes }) => successes),
    );
  }
  return {
    step,
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toLoggedNumber(value)])),
    intervals,
    prompts: prompts.length,
    samples: settings.samples,
    elapsedMs: workingTime(run) - started,
  };
}

/** The metric's name. */
export function passAtKName(k: number): string {
  return `eval/pass@${k}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
