// What a person sees of an error, and the exit code that a script sees.
import { z } from 'zod';
import { errorText, SuperRlError } from '../protocol/errors';
import { createPaint, printable } from './paint';

export const exitCodes = { done: 0, failed: 1, badUsage: 2, interrupted: 130 } as const;

/** 2 for what the person typed or wrote in the run file, else 1. */
export function exitCodeOf(error: unknown): number {
  const isUsage = error instanceof SuperRlError && (error.code === 'usage' || error.code === 'config');
  return isUsage ? exitCodes.badUsage : exitCodes.failed;
}

export interface ErrorReportOptions {
  readonly json: boolean;
  /** With stack traces. */
  readonly verbose: boolean;
  readonly hasColor: boolean;
}

/** One readable message for people, one JSON object for programs. Ends with a newline. */
export function errorReport(error: unknown, { json, verbose, hasColor }: ErrorReportOptions): string {
  const code = error instanceof SuperRlError ? error.code : 'internal';
  const message = error instanceof z.ZodError ? z.prettifyError(error) : errorText(error);
  if (json) {
    const place = error instanceof SuperRlError ? error.place : undefined;
    const stack = verbose && error instanceof Error ? { stack: error.stack } : {};
    return `${JSON.stringify({ error: { code, message, ...place, ...stack } })}\n`;
  }
  const paint = createPaint(hasColor);
  const stack = verbose ? stackOf(error) : '';
  const hint =
    code === 'internal' && !verbose
      ? 'This is a defect of SuperRL, not of your files. Run again with --verbose and report what it prints.\n'
      : '';
  return `${paint.bad('error:')} ${printable(message)}\n${hint}${stack}`;
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const cause = error.cause === undefined ? '' : `caused by: ${stackOf(error.cause) || `${String(error.cause)}\n`}`;
  return `${error.stack ?? ''}\n${cause}`;
}
