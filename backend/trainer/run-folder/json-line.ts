// One JSON value as a line of a log. Non-finite numbers become the strings NaN, Infinity, -Infinity,
// since JSON.stringify would silently turn them into null.
import { toLoggedNumber } from '../../protocol/events';

/** The value as one line, newline included. */
export function toJsonLine(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'number' ? toLoggedNumber(item) : item))}\n`;
}
