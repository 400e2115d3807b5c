// The form of DeepSeek-R1 (arXiv 2501.12948): the completion is <think>…</think><answer>…</answer>,
// each tag once, nothing but white space around.
import { z } from 'zod';
import { type BuiltInReward, rightOrWrong } from './built-in-reward';

const optionsSchema = z.strictObject({
  thinkOpened: z
    .boolean()
    .default(false)
    .describe('The prompt ends in "<think>", so that completions start inside it.'),
  allowTail: z.boolean().default(false).describe('Allow text after </answer>.'),
});
type Options = z.output<typeof optionsSchema>;

const tags = ['<think>', '</think>', '<answer>', '</answer>'];

/** Whether the text has the form: every tag once and in order, and text between only where it belongs. */
export function hasForm(completion: string, options: Options): boolean {
  const text = options.thinkOpened ? `<think>${completion}` : completion;
  if (tags.some((tag) => text.split(tag).length !== 2)) return false;
  const [start = -1, thinkEnd = -1, answer = -1, end = -1] = tags.map((tag) => text.indexOf(tag));
  if (!(start < thinkEnd && thinkEnd < answer && answer < end)) return false;
  const before = text.slice(0, start);
  const between = text.slice(thinkEnd + '</think>'.length, answer);
  const after = options.allowTail ? '' : text.slice(end + '</answer>'.length);
  return (before + between + after).trim() === '';
}

export const format: BuiltInReward<Options> = {
  options: optionsSchema,
  score: (sample, options) => rightOrWrong(hasForm(sample.completion, options)),
};
