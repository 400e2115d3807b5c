// MATH-style answers: what the completion's last \boxed{…} holds equals the row's answer.
import { z } from 'zod';
import { answerText, type BuiltInReward, rightOrWrong } from './built-in-reward';
import { latexEqual } from './latex-equality';

const optionsSchema = z.strictObject({
  equality: z
    .enum(['latex', 'exact'])
    .default('latex')
    .describe('latex: equal as numbers, tuples, sets, or normalised LaTeX; exact: the same text.'),
});

/** The content of the last `\boxed{…}` or `\fbox{…}`, braces balanced; undefined when there is none. */
export function lastBoxed(text: string): string | undefined {
  const start = Math.max(text.lastIndexOf('\\boxed'), text.lastIndexOf('\\fbox'));
  if (start < 0) return undefined;
  const open = /^\\(?:boxed|fbox)\s*\{/.exec(text.slice(start))?.[0].length;
  if (open === undefined) return /^\\boxed\s+([^\s$]+)/.exec(text.slice(start))?.[1];
  let depth = 1;
  for (let at = start + open; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return text.slice(start + open, at);
  }
  return undefined;
}

export const boxed: BuiltInReward<z.output<typeof optionsSchema>> = {
  options: optionsSchema,
  score(sample, { equality }) {
    const answer = answerText(sample);
    const expected = lastBoxed(answer) ?? answer;
    const found = lastBoxed(sample.completion);
    if (found === undefined) return rightOrWrong(false, { found: null });
    const right = equality === 'exact' ? found.trim() === expected.trim() : latexEqual(found, expected);
    return rightOrWrong(right, { found });
  },
};
