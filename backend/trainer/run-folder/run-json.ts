// run.json (what the run is: full configuration, versions, machine, engine and its plan) and
// summary.json (how it ended).
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { EngineDescription, EnginePlan } from '../../engine/engine';
import { errorText, SuperRlError } from '../../protocol/errors';
import { methodNames, type RunConfig } from '../../protocol/run-config';
import { writeFileAtomically } from './atomic-file';

const machineSchema = z.object({
  platform: z.string(),
  release: z.string(),
  arch: z.string(),
  cpu: z.string(),
  cores: z.int(),
  memoryBytes: z.number(),
  node: z.string(),
});
export type Machine = z.infer<typeof machineSchema>;

const planSchema = z.object({
  threads: z.int(),
  microBatchTokens: z.int(),
  tokenBucket: z.int(),
  decodeWeights: z.enum(['initializers', 'inputs']),
  gradientCheckpointing: z.boolean().optional(),
  sharePrompts: z.boolean().optional(),
  provider: z.enum(['cpu', 'webgpu']).optional(),
}) satisfies z.ZodType<EnginePlan>;

const engineSchema = z.object({
  engine: z.enum(['onnx', 'tensorflow', 'reference']),
  device: z.string(),
  versions: z.record(z.string(), z.string()),
  deterministic: z.boolean(),
}) satisfies z.ZodType<EngineDescription>;

/** The configuration was checked when the run was made; what readers rely on is checked again here. */
const storedConfig = z.custom<RunConfig>(
  (value) => z.looseObject({ name: z.string(), method: z.enum(methodNames), seed: z.int() }).safeParse(value).success,
  'config is not a run configuration',
);

export const runRecordSchema = z.object({
  format: z.literal(1),
  /** The folder's name. */
  id: z.string(),
  /** Version of this program that started the run. */
  superrl: z.string(),
  createdAt: z.iso.datetime(),
  /** Absolute path of the run file. */
  runFile: z.string(),
  config: storedConfig,
  machine: machineSchema,
  engine: engineSchema,
  /** Choices of speed that change the last bits; given back to the engine on resume. */
  plan: planSchema,
  /** Why this engine was taken, for people. */
  engineReason: z.string().optional(),
  /** Datasets, traces and reward files as they were at the start; resume compares them. */
  inputs: z.array(z.object({ kind: z.enum(['data', 'reward']), path: z.string(), sha256: z.string() })).optional(),
  /** What was changed of config when the run went on (--resume --set), oldest first; config has the newest values. */
  changes: z
    .array(
      z.object({
        at: z.iso.datetime(),
        /** The last step that was done by then. */
        step: z.int(),
        fields: z.array(z.object({ path: z.string(), from: z.number().nullable(), to: z.number() })),
      }),
    )
    .optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** How a run ended; what is in it is the trainer's to say. */
export type RunSummary = Readonly<Record<string, unknown>>;
const runSummarySchema = z.record(z.string(), z.unknown());

/** This machine, as run.json names it. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    platform: platform(),
    release: release(),
    arch: arch(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    node: process.versions.node,
  };
}

/**
 * Replaces run.json whole.
 * @throws SuperRlError `storage`.
 */
export async function writeRunRecord(runFolder: string, record: RunRecord): Promise<void> {
  await writeFileAtomically(join(runFolder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** @throws SuperRlError `run` when run.json is missing, damaged, or of a newer version of this program. */
export function readRunRecord(runFolder: string): RunRecord {
  const file = join(runFolder, 'run.json');
  if (!existsSync(file)) {
    throw new SuperRlError('run', `${runFolder} is not a run folder: it has no run.json. "superrl runs" lists them.`);
  }
  return parseStored(file, runRecordSchema);
}

/**
 * Replaces summary.json whole.
 * @throws SuperRlError `storage`.
 */
export async function writeSummary(runFolder: string, summary: RunSummary): Promise<void> {
  await writeFileAtomically(join(runFolder, 'summary.json'), `${JSON.stringify(summary, null, 2)}\n`);
}

/** The summary, or undefined when the run hasn't ended. */
export function readSummary(runFolder: string): RunSummary | undefined {
  const file = join(runFolder, 'summary.json');
  return existsSync(file) ? parseStored(file, runSummarySchema) : undefined;
}

/** `config, plan.threads are missing or wrong`. */
export function wrongFields({ issues }: z.ZodError): string {
  const fields = [...new Set(issues.map(({ path }) => path.join('.') || 'its content'))];
  return `${fields.join(', ')} ${fields.length === 1 ? 'is' : 'are'} missing or wrong`;
}

function parseStored<T>(file: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SuperRlError('run', `This file is damaged (${errorText(error)}). Restore it, or start a new run.`, {
      place: { file },
      cause: error,
    });
  }
  const format = z.looseObject({ format: z.number() }).safeParse(value);
  if (format.success && format.data.format > 1) {
    throw new SuperRlError('run', 'This run was made by a newer version of SuperRL. Update to open it.', {
      place: { file },
    });
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw new SuperRlError(
      'run',
      `This file is not what it should be: ${wrongFields(parsed.error)}. Restore it, or start a new run.`,
      {
        place: { file },
        cause: parsed.error,
      },
    );
  }
  return parsed.data;
}
