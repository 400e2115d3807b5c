// What is computed in a process of its own (dist/computation.mjs): whatever is heavy, runs native code or runs
// a person's code. The server only starts it, passes on its progress, and kills it on cancel.
import { z } from 'zod';
import { errorCodes } from '../../protocol/errors';
import type { RequestResult } from '../../protocol/messages';
import type { RewardOutcome } from '../../protocol/sample';
import type { ParsedParams } from '../request';

export const computationNames = [
  'inspectData',
  'auditTraces',
  'probeSparsity',
  'tryModel',
  'exportModel',
  'rescore',
  'debugReward',
  'debugFixture',
  'runFixtures',
  'readRows',
  'searchRows',
  'traceRows',
] as const;
export type ComputationName = (typeof computationNames)[number];

/** As the request of the same name answers; a debugged reward's outcomes come after its answer, the port. */
export type ComputationResult<N extends ComputationName> = N extends DebugName ? RewardOutcome[] : RequestResult<N>;
export type DebugName = 'debugReward' | 'debugFixture';

export interface ComputationReport {
  progress(done: number, total: number | undefined, message: string): void;
  /** debugReward and debugFixture: the debugger can attach here. */
  port(port: number): void;
}

export type Computation<N extends ComputationName> = (
  params: ParsedParams<N>,
  report: ComputationReport,
) => Promise<ComputationResult<N>>;

/** Parent → child; one at a time. The child ends when the channel closes. */
export const toComputationSchema = z.object({ name: z.enum(computationNames), params: z.unknown() });
export type ToComputation = z.infer<typeof toComputationSchema>;

/** Child → parent. */
export const fromComputationSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), done: z.number(), total: z.number().optional(), message: z.string() }),
  z.object({ kind: z.literal('port'), port: z.int() }),
  z.object({ kind: z.literal('result'), result: z.unknown() }),
  z.object({
    kind: z.literal('error'),
    code: z.enum(errorCodes),
    /** Its place, if any, included. */
    message: z.string(),
    place: z.object({ file: z.string(), line: z.int().optional(), column: z.int().optional() }).optional(),
    stack: z.string().optional(),
  }),
]);
export type FromComputation = z.infer<typeof fromComputationSchema>;
