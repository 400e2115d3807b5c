// What every built-in reward is: a schema of its options and a pure function of one sample.
import type { z } from 'zod';
import type { RewardSample } from '../scorer';

/** A score, or null for "does not apply"; details are stored with the sample and shown in the editor. */
export interface BuiltInScore {
  readonly value: number | null;
  readonly details?: Record<string, unknown>;
}

export interface BuiltInReward<Options> {
  readonly options: z.ZodType<Options>;
  /** Throws an Error whose message says what the row lacks; the completion is then invalid, not 0. */
  score(sample: RewardSample, options: Options, timeoutMs: number): BuiltInScore;
}

/** 1 or 0 with details, for rewards that only tell right from wrong. */
export function rightOrWrong(right: boolean, details?: Record<string, unknown>): BuiltInScore {
  return details ? { value: right ? 1 : 0, details } : { value: right ? 1 : 0 };
}

/** The row's answer as text; throws when there is none. */
export function answerText(sample: RewardSample): string {
  const { answer } = sample;
  if (typeof answer === 'string' && answer.trim() !== '') return answer;
  if (typeof answer === 'number' || typeof answer === 'bigint' || typeof answer === 'boolean') return String(answer);
  throw new Error(
    `The row has no answer to compare with (found ${answer === '' ? 'an empty text' : describe(answer)}). ` +
      'Name its column in data.map.answer.',
  );
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
