// The text of a run file with one field set; comments and layout stay. Pure.
import { applyEdits, modify } from 'jsonc-parser';

/** The text with the field at `path` set. */
export function withField(text: string, path: readonly (string | number)[], value: unknown): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  return applyEdits(text, modify(text, [...path], value, { formattingOptions }));
}
