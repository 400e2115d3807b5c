// The built-in rewards by name, and how one is made from a run file's options.
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { SuperRlError } from '../../protocol/errors';
import type { BuiltInRewardName } from '../../protocol/run-config';
import type { RewardOutcome } from '../../protocol/sample';
import type { RewardSample } from '../scorer';
import { boxed } from './boxed';
import type { BuiltInReward, BuiltInScore } from './built-in-reward';
import { countdown } from './countdown';
import { exact } from './exact';
import { format } from './format';
import { gsm8k } from './gsm8k';
import { length } from './length';
import { regex } from './regex';
import { repetition } from './repetition';

/** Scores one completion; never throws. */
export type ScoreSample = (sample: RewardSample) => RewardOutcome;

type Make = (component: string, options: unknown, timeoutMs: number) => ScoreSample;

function maker<Options>(name: BuiltInRewardName, reward: BuiltInReward<Options>): Make {
  return (component, given, timeoutMs) => {
    const parsed = reward.options.safeParse(given ?? {});
    if (!parsed.success) throw optionsError(component, name, reward.options, parsed.error);
    return (sample) => outcomeOf(() => reward.score(sample, parsed.data, timeoutMs), timeoutMs);
  };
}

const makers: { [Name in BuiltInRewardName]: Make } = {
  gsm8k: maker('gsm8k', gsm8k),
  boxed: maker('boxed', boxed),
  countdown: maker('countdown', countdown),
  exact: maker('exact', exact),
  regex: maker('regex', regex),
  format: maker('format', format),
  length: maker('length', length),
  repetition: maker('repetition', repetition),
};

/** A scoring function of a built-in; throws SuperRlError(config) for options it doesn't have. */
export function makeBuiltIn(
  component: string,
  name: BuiltInRewardName,
  options: unknown,
  timeoutMs: number,
): ScoreSample {
  return makers[name](component, options, timeoutMs);
}

function outcomeOf(score: () => BuiltInScore, timeoutMs: number): RewardOutcome {
  const started = performance.now();
  try {
    const { value, details } = score();
    return { value, ...(details && { details }), ms: performance.now() - started };
  } catch (error) {
    const ms = performance.now() - started;
    const reason = error instanceof Error ? error.message : String(error);
    // Not instanceof Error: this one comes from another realm.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return { invalid: 'timeout', reason: `The pattern took longer than ${timeoutMs} ms on this text.`, ms };
    return { invalid: 'threw', reason, ms };
  }
}

function optionsError(component: string, name: string, schema: z.ZodType, error: z.ZodError): SuperRlError {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const problems = error.issues.map((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return `${['options', ...issue.path].join('.')}: ${issue.message.replace(/\.$/, '')}`;
    return issue.keys.map((key) => `there is no option "${key}"${nearest(key, known)}`).join('; ');
  });
  return new SuperRlError(
    'config',
    `Reward "${component}" (built-in ${name}): ${problems.join('; ')}. ` +
      (known.length > 0 ? `Its options are ${known.join(', ')}.` : 'It has no options.'),
  );
}

function nearest(key: string, known: readonly string[]): string {
  const [best] = [...known].sort((a, b) => distance(key, a) - distance(key, b));
  return best !== undefined && distance(key, best) <= 3 ? ` (did you mean "${best}"?)` : '';
}
