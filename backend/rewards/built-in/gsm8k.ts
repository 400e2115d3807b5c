// GSM8K: the number after "####" (strict) or the last number of the completion (flexible) against the
// answer's. Rules as in verl's utils/reward_score/gsm8k.py, but compared as exact numbers: 18.00 is 18.
import { z } from 'zod';
import { answerText, type BuiltInReward, rightOrWrong } from './built-in-reward';
import { Rational } from './rational';

const optionsSchema = z.strictObject({
  mode: z
    .enum(['strict', 'flexible'])
    .default('strict')
    .describe('strict: the number after the last "####"; flexible: the last number of the completion.'),
});

const number = String.raw`[-+]?\$?\s?[-+]?(?:\d[\d,]*(?:\.\d+)?|\.\d+)`;
const afterHashes = new RegExp(String.raw`####\s*(${number})`, 'g');
const anywhere = new RegExp(number, 'g');

/** The number a completion answers with, undefined when it has none in that form. */
export function gsm8kNumber(text: string, mode: 'strict' | 'flexible'): Rational | undefined {
  const found = mode === 'strict' ? [...text.matchAll(afterHashes)].at(-1)?.[1] : text.match(anywhere)?.at(-1);
  return found === undefined ? undefined : Rational.parse(found.replace(/[$,\s]/g, ''));
}

export const gsm8k: BuiltInReward<z.output<typeof optionsSchema>> = {
  options: optionsSchema,
  score(sample, { mode }) {
    const text = answerText(sample);
    const expected = gsm8kNumber(text, text.includes('####') ? 'strict' : 'flexible');
    if (!expected) throw new Error(`The row's answer is not a number: ${JSON.stringify(text.slice(0, 100))}.`);
    const found = gsm8kNumber(sample.completion, mode);
    return rightOrWrong(found?.equals(expected) ?? false, { found: found?.toString() ?? null });
  },
};
