// The lines of samples/step-NNNNNN.jsonl: one a group, then one a completion of it. Enough to read,
// rescore and debug every completion with the dataset deleted or edited.
import { z } from 'zod';
import { decisionSchema } from './decision';
import { loggedNumber } from './events';

export const sourceSchema = z.object({ file: z.string(), row: z.int(), rowHash: z.string() });
/** Where a prompt came from; row is the 0-based index of the record, rowHash of its content. */
export type RowSource = z.infer<typeof sourceSchema>;

export const rewardOutcomeSchema = z.union([
  /** value null: "does not apply" (TRL); contributes 0. */
  z.object({
    value: loggedNumber.nullable(),
    details: z.record(z.string(), z.unknown()).optional(),
    console: z.string().optional(),
    ms: z.number().optional(),
  }),
  z.object({
    invalid: z.enum(['threw', 'timeout', 'notFinite', 'notANumber', 'wrongLength', 'hostFailed', 'memory']),
    reason: z.string(),
    stack: z.string().optional(),
    console: z.string().optional(),
    ms: z.number().optional(),
  }),
]);
/** What one reward component said of one completion. */
export type RewardOutcome = z.infer<typeof rewardOutcomeSchema>;

export const sampleGroupSchema = z.object({
  kind: z.literal('group'),
  step: z.int(),
  group: z.int(),
  attempt: z.int(),
  promptId: z.string(),
  occurrence: z.int(),
  source: sourceSchema,
  /** The text after template and chat template, as the model saw it. */
  prompt: z.string(),
  /** The dataset's own prompt field. */
  question: z.string(),
  /** Absent: the dataset has none. */
  answer: z.unknown().optional(),
  columns: z.record(z.string(), z.unknown()),
  demonstrations: z.array(z.string()),
  decision: decisionSchema,
});
export type SampleGroup = z.infer<typeof sampleGroupSchema>;

export const sampleCompletionSchema = z.object({
  kind: z.literal('completion'),
  step: z.int(),
  group: z.int(),
  index: z.int(),
  /** Ending removed. */
  text: z.string(),
  tokenIds: z.array(z.int()),
  rewards: z.record(z.string(), rewardOutcomeSchema),
  /** Weighted sums; null when the completion is invalid. */
  reward: z.number().nullable(),
  correctness: z.number().nullable(),
  success: z.boolean(),
  advantage: z.number().nullable(),
  stopReason: z.enum(['eos', 'stop', 'length']),
  truncated: z.boolean(),
});
export type SampleCompletion = z.infer<typeof sampleCompletionSchema>;

export const sampleLineSchema = z.discriminatedUnion('kind', [sampleGroupSchema, sampleCompletionSchema]);
export type SampleLine = z.infer<typeof sampleLineSchema>;
