// Countdown: an expression over the given numbers that comes to the target. The puzzle is the row's answer
// {nums, target}, or its columns of these names (the layouts of the TinyZero and UFT datasets).
import { z } from 'zod';
import type { RewardSample } from '../scorer';
import { answerAt, answerPlaceSchema } from './answer-place';
import { evaluateArithmetic } from './arithmetic';
import { type BuiltInReward, type BuiltInScore, rightOrWrong } from './built-in-reward';
import { Rational } from './rational';

const optionsSchema = z.strictObject({
  numbers: z
    .enum(['exactlyOnce', 'atMostOnce'])
    .default('exactlyOnce')
    .describe('Whether every given number must be used, or each may be used once at most.'),
  from: answerPlaceSchema.default('answer'),
});

const puzzleSchema = z.object({ nums: z.array(z.number()).min(1), target: z.number() });
type Puzzle = z.output<typeof puzzleSchema>;

function puzzleOf(sample: RewardSample): Puzzle {
  for (const candidate of [sample.answer, sample.row]) {
    const parsed = puzzleSchema.safeParse(candidate);
    if (parsed.success) return parsed.data;
  }
  throw new Error(
    'The row has no Countdown puzzle: its answer must be {nums, target}, or it must have the columns nums (a list of numbers) and target (a number).',
  );
}

/** Whether `used` takes from `given` as the option says; compares as multisets. */
function usesNumbers(used: readonly Rational[], given: readonly number[], all: boolean): boolean {
  const left = given.map(String);
  for (const number of used) {
    const at = left.findIndex((text) => Rational.parse(text)?.equals(number));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return !all || left.length === 0;
}

function wrong(why: string): BuiltInScore {
  return rightOrWrong(false, { why });
}

export const countdown: BuiltInReward<z.output<typeof optionsSchema>> = {
  options: optionsSchema,
  score(sample, options) {
    const { nums, target } = puzzleOf(sample);
    const answer = answerAt(sample.completion, options.from);
    if (answer === undefined || answer === '') return wrong('no expression found');
    // "44 + (19 + 35) = 98" is accepted when the right side is the target.
    const [expression = '', stated, ...more] = options.from === 'equals' ? [answer] : answer.split('=');
    if (more.length > 0) return wrong('more than one "="');
    const goal = Rational.parse(String(target));
    if (!goal) throw new Error(`The puzzle's target is not a plain decimal number: ${target}.`);
    if (stated !== undefined && !Rational.parse(stated.trim())?.equals(goal))
      return wrong(`it states ${stated.trim().slice(0, 40)}, not the target`);
    const result = evaluateArithmetic(expression);
    if ('problem' in result) return wrong(`not an expression: ${result.problem}`);
    if (!usesNumbers(result.numbers, nums, options.numbers === 'exactlyOnce'))
      return wrong(`uses ${result.numbers.join(', ')} instead of ${nums.join(', ')}`);
    return result.value.equals(goal) ? rightOrWrong(true) : wrong(`comes to ${result.value}, not ${target}`);
  },
};
