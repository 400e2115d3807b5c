// The answer, literally: the completion (or the part of it that holds the answer) equals the row's answer.
import { z } from 'zod';
import { answerAt, answerPlaceSchema } from './answer-place';
import { answerText, type BuiltInReward, rightOrWrong } from './built-in-reward';

const optionsSchema = z.strictObject({
  from: answerPlaceSchema.default('text'),
  ignoreCase: z.boolean().default(false).describe('Compare without regard to upper and lower case.'),
  collapseWhitespace: z.boolean().default(false).describe('Treat any run of white space as one space.'),
});
type Options = z.output<typeof optionsSchema>;

function normalised(text: string, options: Options): string {
  const spaced = options.collapseWhitespace ? text.replace(/\s+/g, ' ') : text;
  return (options.ignoreCase ? spaced.toLowerCase() : spaced).trim();
}

export const exact: BuiltInReward<Options> = {
  options: optionsSchema,
  score(sample, options) {
    const expected = normalised(answerText(sample), options);
    const found = answerAt(sample.completion, options.from);
    return rightOrWrong(found !== undefined && normalised(found, options) === expected);
  },
};
