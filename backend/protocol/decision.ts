// What the Adaptive Switch decided for one group, and why (METHOD.md, gate table and rules 1–5).
import { z } from 'zod';

export const decisionKinds = ['pg', 'sft', 'mix', 'skip'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

export const solvedClasses = ['none', 'some', 'all'] as const;
export type SolvedClass = (typeof solvedClasses)[number];

/** One group's decision. All numbers are float64 facts that the reason sentence is made from. */
export const decisionSchema = z.object({
  kind: z.enum(decisionKinds),
  /** One sentence a person reads: what the gate saw and what follows. */
  reason: z.string(),
  /** Share of successes among the valid completions; null when none is valid. */
  passRate: z.number().nullable(),
  successes: z.int(),
  valid: z.int(),
  k: z.int(),
  solved: z.enum(solvedClasses),
  /** pg with all advantages zero. */
  noSignal: z.boolean(),
  /** sft on correctness while the same rule on the summed reward says pg. */
  maskedByShaping: z.boolean(),
  /** The switch wanted sft and there was no demonstration. */
  missingDemonstration: z.boolean(),
  /** posterior signal only: P(pass rate < τ). */
  posterior: z.number().optional(),
});
export type Decision = z.infer<typeof decisionSchema>;
