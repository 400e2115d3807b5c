// Finds prompts that give their answer away: then the reward measures copying. A number that happens to
// equal the answer is no leak (most word problems have one); what counts is the answer said as an answer.
import type { Row } from './row';
import { textOf } from './text';

const shortestCopiedText = 12;

/** Why the prompt of the row leaks its answer, or undefined. */
export function findLeak(row: Pick<Row, 'prompt' | 'answer' | 'demonstrations'>): string | undefined {
  const prompt = normalised(row.prompt);
  for (const demonstration of row.demonstrations) {
    const text = normalised(demonstration);
    if (text.length >= shortestCopiedText && prompt.includes(text)) return 'The prompt contains a whole trace.';
    const tagged = normalised(/<answer>([\s\S]*?)<\/answer>/.exec(demonstration)?.[1] ?? '');
    if (tagged.length >= shortestCopiedText && prompt.includes(tagged)) {
      return `The prompt contains what the trace answers: ${tagged}`;
    }
  }
  const answer = normalised(textOf(row.answer) ?? '');
  if (answer === '') return undefined;
  if (answer.length >= shortestCopiedText && prompt.includes(answer))
    return `The prompt contains the answer: ${answer}`;
  const literal = answer.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const asAnswer = new RegExp(
    `(?:####|\\\\boxed\\{|<answer>|\\banswer\\s*(?:is|=|:))\\s*\\$?${literal}(?![\\w.]*\\w)`,
    'i',
  );
  return asAnswer.test(prompt) ? `The prompt states the answer: ${answer}` : undefined;
}

function normalised(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
