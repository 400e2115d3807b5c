// What a reward host and its client say to each other: one JSON object a line, requests on the host's
// stdin; replies on file descriptor 3 (Node) or on the real stdout (Python), which user code can't reach.
import { z } from 'zod';
import { rewardOutcomeSchema } from '../../protocol/sample';
import type { PackedSamples } from './packed-samples';
import type { StoredReference } from './stored-samples';

export const signatures = ['perCompletion', 'batched', 'trl', 'verl'] as const;
export type Signature = (typeof signatures)[number];

export type HostRequest =
  | { readonly id: number; readonly type: 'load'; readonly file: string; readonly export?: string }
  /** The Node host only: reads stored completions and holds them until it reads others. */
  | { readonly id: number; readonly type: 'read'; readonly stored: StoredReference }
  | {
      readonly id: number;
      readonly type: 'score';
      readonly file: string;
      readonly export: string;
      readonly samples: PackedSamples | StoredReference;
      /** Each call of the function, as indices into samples; one index a call unless it is batched. */
      readonly calls: readonly (readonly number[])[];
      /** Each reply leaves at once, so that of a host that crashes the call is known that was its end. */
      readonly direct: boolean;
    };

const placeSchema = z.object({ file: z.string(), line: z.int().optional(), column: z.int().optional() });

export const hostReplySchema = z.discriminatedUnion('type', [
  /** The first message. */
  z.object({ type: z.literal('ready'), version: z.string() }),
  z.object({ id: z.int(), type: z.literal('loaded'), export: z.string(), signature: z.enum(signatures) }),
  z.object({
    id: z.int(),
    type: z.literal('loadFailed'),
    reason: z.string(),
    place: placeSchema.optional(),
    stack: z.string().optional(),
  }),
  /** What the stored completions were given; no files: they can't be read in this way. */
  z.object({
    id: z.int(),
    type: z.literal('read'),
    files: z
      .array(
        z.object({
          groups: z.array(z.int()),
          sizes: z.array(z.int()),
          before: z.array(z.union([z.number(), z.null(), z.string()])),
        }),
      )
      .optional(),
  }),
  /** The host is about to make a call, or has lately begun it: the clock starts. */
  z.object({ id: z.int(), type: z.literal('begin'), call: z.int() }),
  z.object({
    id: z.int(),
    type: z.literal('result'),
    call: z.int(),
    /** One a sample of the call. */
    outcomes: z.array(rewardOutcomeSchema),
    /** The call failed as a whole (it threw): in a batch, one sample may have caused it for all. */
    whole: z.boolean(),
  }),
  /** Calls of one sample each, one after the other from `first`, that gave a number or null and nothing else. */
  z.object({
    id: z.int(),
    type: z.literal('scores'),
    first: z.int(),
    values: z.array(z.number().nullable()),
    ms: z.array(z.number()),
  }),
  z.object({ id: z.int(), type: z.literal('done') }),
]);
export type HostReply = z.infer<typeof hostReplySchema>;
/** Replies to a request. */
export type HostAnswer = Exclude<HostReply, { type: 'ready' }>;
