// Where in a completion the answer stands; shared by the rewards that compare one.
import { z } from 'zod';

export const answerPlaces = ['text', 'answer', 'equals', 'lastLine'] as const;
export type AnswerPlace = (typeof answerPlaces)[number];

export const answerPlaceSchema = z
  .enum(answerPlaces)
  .describe(
    'Where the answer stands. text: the whole completion; answer: in the last <answer>…</answer>; ' +
      'equals: after the last "="; lastLine: the last line that is not empty.',
  );

/** The answer's text, trimmed; undefined when the completion has none at that place. */
export function answerAt(completion: string, place: AnswerPlace): string | undefined {
  switch (place) {
    case 'text':
      return completion.trim();
    case 'answer': {
      const end = completion.lastIndexOf('</answer>');
      const start = end < 0 ? -1 : completion.lastIndexOf('<answer>', end);
      return start < 0 ? undefined : completion.slice(start + '<answer>'.length, end).trim();
    }
    case 'equals': {
      const at = completion.lastIndexOf('=');
      return at < 0 ? undefined : completion.slice(at + 1).trim();
    }
    case 'lastLine':
      return completion
        .split(/\r?\n/)
        .findLast((line) => line.trim() !== '')
        ?.trim();
  }
}
