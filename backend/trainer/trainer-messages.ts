// What the trainer's process and its parent (command line or server) say to each other over the channel of
// child_process.fork. Events are not among it: the parent follows the run's events.jsonl like everyone else.
import { z } from 'zod';
import { errorCodes } from '../protocol/errors';
import { rewardSettingsSchema } from '../protocol/messages';
import { controlActions } from './run-folder/control-file';

/** The first message to the child: what to train. */
export const startMessageSchema = z.object({
  kind: z.literal('start'),
  /** Absolute path of the run file; with resume, the one that the run was made from. */
  runFile: z.string(),
  /** `path=value` of the command line, in order. */
  overrides: z.array(z.string()),
  /** Absolute; undefined: runs/ beside the run file. */
  runsDirectory: z.string().optional(),
  /** The run folder to go on with; undefined: a new run. */
  resume: z.string().optional(),
  /** How reward hosts are started; default: as the scorer does. */
  rewardHosts: rewardSettingsSchema.optional(),
});
export type StartMessage = z.infer<typeof startMessageSchema>;

const controlMessageSchema = z.object({ kind: z.literal('control'), action: z.enum(controlActions), by: z.string() });

/** Parent → child. */
export const toTrainerSchema = z.discriminatedUnion('kind', [startMessageSchema, controlMessageSchema]);
export type ToTrainer = z.infer<typeof toTrainerSchema>;

/** An error as it crosses the channel; rebuilt as a SuperRlError of the same code. */
export const sentErrorSchema = z.object({
  code: z.enum(errorCodes),
  /** Its place, if any, included. */
  message: z.string(),
  stack: z.string().optional(),
});
export type SentError = z.infer<typeof sentErrorSchema>;

/** Child → parent. */
export const fromTrainerSchema = z.discriminatedUnion('kind', [
  /** The run folder exists and its log is open: follow it. */
  z.object({ kind: z.literal('opened'), folder: z.string() }),
  /** The last message. Without `opened` before it, nothing was started. */
  z.object({
    kind: z.literal('ended'),
    state: z.enum(['finished', 'failed', 'interrupted']),
    error: sentErrorSchema.optional(),
  }),
]);
export type FromTrainer = z.infer<typeof fromTrainerSchema>;
