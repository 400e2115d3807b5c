// samples/step-NNNNNN.jsonl: every group and completion of one step, written whole by rename.
import { mkdirSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SuperRlError } from '../../protocol/errors';
import { type SampleLine, sampleLineSchema } from '../../protocol/sample';
import { writeFileAtomically } from './atomic-file';
import { toJsonLine } from './json-line';
import { systemCode } from './storage-error';

/** `step-000012`, as sample files and checkpoints are named. */
export function stepName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

export function sampleFilePath(runFolder: string, step: number): string {
  return join(runFolder, 'samples', `${stepName(step)}.jsonl`);
}

/** Writes the samples of a step; an earlier file of the step is replaced only when the new one is whole. */
export async function writeSampleFile(runFolder: string, step: number, lines: readonly SampleLine[]): Promise<void> {
  mkdirSync(join(runFolder, 'samples'), { recursive: true });
  await writeFileAtomically(sampleFilePath(runFolder, step), lines.map(toJsonLine).join(''));
}

/** Steps that have a sample file, ascending. */
export function sampledSteps(runFolder: string): number[] {
  let names: string[];
  try {
    names = readdirSync(join(runFolder, 'samples'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  const steps = names.flatMap((name) => {
    const digits = /^step-(\d+)\.jsonl$/.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
  return steps.sort((a, b) => a - b);
}

/**
 * All samples of a step.
 * @throws SuperRlError `run` naming file and line when a line isn't a sample, or when the step has no file.
 */
export async function readSampleFile(runFolder: string, step: number): Promise<SampleLine[]> {
  const file = sampleFilePath(runFolder, step);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    const steps = sampledSteps(runFolder);
    const known = steps.length > 0 ? `There are samples of steps ${steps[0]} to ${steps.at(-1)}.` : 'It has none yet.';
    throw new SuperRlError('run', `This run has no samples of step ${step}. ${known}`, { cause: error });
  }
  return parseSampleLines(text, file, (value) => sampleLineSchema.parse(value));
}

/**
 * What `check` makes of each line.
 * @throws SuperRlError `run` naming file and line when it throws.
 */
export function parseSampleLines<Line>(text: string, file: string, check: (value: unknown) => Line): Line[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => parseSampleLine(line, check, file, index + 1));
}

/** All samples of a step, or undefined when it has none. */
export async function readStepSamples(runFolder: string, step: number): Promise<SampleLine[] | undefined> {
  return sampledSteps(runFolder).includes(step) ? readSampleFile(runFolder, step) : undefined;
}

/** @throws SuperRlError `run` naming file and line (1-based) when `check` throws. */
export function parseSampleLine<Line>(text: string, check: (value: unknown) => Line, file: string, line: number): Line {
  try {
    return check(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error);
    throw new SuperRlError('run', `This line is not a sample; the file was changed or damaged. ${why}`, {
      place: { file, line },
      cause: error,
    });
  }
}
