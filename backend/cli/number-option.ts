// Numbers given as options, checked with a message that names the option.
import { SuperRlError } from '../protocol/errors';

/** A parser for commander: a whole number of at least `least`. */
export function wholeNumber(option: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || !Number.isSafeInteger(value)) {
      throw new SuperRlError('usage', `${option} must be a whole number of at least ${least}, not "${text}".`);
    }
    return value;
  };
}

/** A parser for commander: a number above 0, and at most `most` where given. */
export function positiveNumber(option: string, most = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0) || value > most || !Number.isFinite(value)) {
      const range = most === Number.POSITIVE_INFINITY ? 'above 0' : `above 0 and at most ${most}`;
      throw new SuperRlError('usage', `${option} must be a number ${range}, not "${text}".`);
    }
    return value;
  };
}
