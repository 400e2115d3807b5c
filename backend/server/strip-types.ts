// TypeScript as JavaScript of the same positions: types are blanked out in place.
/// <reference path="../rewards/host/amaro.d.ts" />
import { transformSync } from 'amaro';

/** @throws Error whose message is the parser's first line. */
export function stripTypes(text: string): string {
  try {
    return transformSync(text, { mode: 'strip-only' }).code;
  } catch (drawn) {
    throw new Error(String(drawn).trim().split('\n')[0] ?? 'The TypeScript can’t be read.', { cause: drawn });
  }
}
