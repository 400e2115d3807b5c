// Everything besides weights and optimiser moments that a run needs to go on exactly where it was
// (DATA.md, "Exact resume"). Stored as state.json beside each checkpoint. Random numbers are counter-based
// (keyed by seed, purpose, step, …), so that the seed of run.json and these counters are the whole generator.
import { z } from 'zod';

const count = z.int().nonnegative();

export const trainerStateSchema = z.strictObject({
  version: z.literal(1),
  /** Last completed step; steps count from 1. */
  step: count,
  /** Optimiser updates so far. */
  updates: count,
  phase: z.enum(['rl', 'sft', 'hybrid']),
  /** How many training rows were drawn so far; epoch = ⌊drawn / rows⌋. */
  drawn: count,
  used: z.strictObject({ prefilled: count, generated: count, trained: count }),
  /** Training time without start-up, pauses and evaluation, in milliseconds. */
  elapsedMs: z.number().nonnegative(),
  /** posterior signal: discounted Beta counts by prompt id. */
  posterior: z.record(z.string(), z.strictObject({ alpha: z.number(), beta: z.number() })),
  /** run scope: what the last rollout probe said; null before it. */
  probe: z.strictObject({ step: count, sparse: z.boolean() }).nullable(),
  /** log-sigma: the two scalars with their Adam moments; null for other mixes. */
  logSigma: z
    .strictObject({
      pg: z.number(),
      sft: z.number(),
      firstPg: z.number(),
      firstSft: z.number(),
      secondPg: z.number(),
      secondSft: z.number(),
      updates: count,
    })
    .nullable(),
  bestEvaluation: z.strictObject({ step: count, metric: z.string(), value: z.number() }).nullable(),
  lastEvaluationStep: z.int().min(-1),
  /** Demonstrations left out or cut because they are longer than traces.onTooLong allows, as often as drawn. */
  demonstrations: z.strictObject({ tooLong: count, truncated: count }),
  /** Counts over the whole run, for the summary. */
  counts: z.record(z.string(), count),
  alarms: z.strictObject({
    /** Alarms that were told and aren't over. */
    raised: z.array(z.string()),
    /** By alarm: steps in a row that speak for the other state, with the cause or, of a raised one, without it. */
    turned: z.record(z.string(), count).default({}),
    zeroSignalSteps: count,
    nonFiniteSteps: count,
    /** Mean entropy of the first steps, against which a collapse is measured. */
    startEntropy: z.strictObject({ sum: z.number(), steps: count }),
  }),
});
export type TrainerState = z.infer<typeof trainerStateSchema>;

/** The state before the first step. */
export function initialTrainerState(): TrainerState {
  return {
    version: 1,
    step: 0,
    updates: 0,
    phase: 'rl',
    drawn: 0,
    used: { prefilled: 0, generated: 0, trained: 0 },
    elapsedMs: 0,
    posterior: {},
    probe: null,
    logSigma: null,
    bestEvaluation: null,
    lastEvaluationStep: -1,
    demonstrations: { tooLong: 0, truncated: 0 },
    counts: {},
    alarms: { raised: [], turned: {}, zeroSignalSteps: 0, nonFiniteSteps: 0, startEntropy: { sum: 0, steps: 0 } },
  };
}
