// A regular expression over the completion: a match, or a match whose captured answer is the row's.
// The search runs under a time limit (node:vm interrupts V8's matcher), so that catastrophic
// backtracking on a sampled text can't hang the trainer.
import { createContext, Script } from 'node:vm';
import { z } from 'zod';
import { answerText, type BuiltInReward, rightOrWrong } from './built-in-reward';

const optionsSchema = z
  .strictObject({
    pattern: z.string().min(1).describe('A JavaScript regular expression.'),
    flags: z
      .string()
      .regex(/^[imsu]*$/, 'Only the flags i, m, s and u have a meaning here.')
      .default(''),
    compare: z
      .enum(['match', 'answer'])
      .default('match')
      .describe(
        'match: 1 when the pattern is found; answer: 1 when its last match captures the row’s answer (group "answer", else the first group).',
      ),
  })
  .check((context) => {
    try {
      new RegExp(context.value.pattern, context.value.flags);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      context.issues.push({ code: 'custom', input: context.value.pattern, path: ['pattern'], message });
    }
  });
type Options = z.output<typeof optionsSchema>;

const search = new Script(`
  const found = [...text.matchAll(new RegExp(pattern, flags))].at(-1);
  found === undefined ? null : (found.groups?.answer ?? found[1] ?? found[0]);
`);

/** What the pattern's last match captures; null when it doesn't match. Throws after timeoutMs. */
function lastCapture(text: string, options: Options, timeoutMs: number): string | null {
  const context = createContext({ text, pattern: options.pattern, flags: `${options.flags}g` });
  const found: unknown = search.runInContext(context, { timeout: timeoutMs });
  return typeof found === 'string' ? found : null;
}

export const regex: BuiltInReward<Options> = {
  options: optionsSchema,
  score(sample, options, timeoutMs) {
    const captured = lastCapture(sample.completion, options, timeoutMs);
    if (options.compare === 'match') return rightOrWrong(captured !== null);
    return rightOrWrong(captured?.trim() === answerText(sample).trim(), { found: captured });
  },
};
