// What a JavaScript reward function returned, as an outcome: a finite number, null for "does not apply",
// or {score, ...details}; anything else is invalid with a reason, never a silent 0.
import type { RewardOutcome } from '../../protocol/sample';

/** Most characters of details stored for one completion. */
const detailsLimit = 10_000;

export function outcomeOfReturned(returned: unknown): RewardOutcome {
  if (returned === null) return { value: null };
  if (typeof returned === 'number') {
    if (Number.isFinite(returned)) return { value: returned };
    return { invalid: 'notFinite', reason: `The function returned ${returned}; a reward must be a finite number.` };
  }
  if (typeof returned === 'object' && !Array.isArray(returned) && 'score' in returned) {
    const { score, ...details } = returned;
    const outcome = outcomeOfReturned(typeof score === 'object' && score !== null ? undefined : score);
    return 'value' in outcome && Object.keys(details).length > 0 ? { ...outcome, details: plain(details) } : outcome;
  }
  return {
    invalid: 'notANumber',
    reason:
      returned === undefined
        ? 'The function returned undefined; is a return missing?'
        : `The function returned ${nameOf(returned)}; return a number, null for "does not apply", or {score, …details}.`,
  };
}

/** Outcomes of a batched call that should have returned `expected` scores. */
export function outcomesOfBatch(returned: unknown, expected: number): RewardOutcome[] {
  if (Array.isArray(returned) && returned.length === expected) return returned.map(outcomeOfReturned);
  const failure: RewardOutcome = Array.isArray(returned)
    ? {
        invalid: 'wrongLength',
        reason: `The batched function returned ${returned.length} scores for ${expected} completions; return one each, in order.`,
      }
    : {
        invalid: 'notANumber',
        reason:
          `The batched function returned ${nameOf(returned)}; return an array with one score a completion. ` +
          'A function with one parameter, (sample) => number, is called once a completion instead.',
      };
  return Array.from({ length: expected }, () => failure);
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value).slice(0, 5);
    return keys.length > 0 ? `an object with ${keys.join(', ')} and no score` : 'an empty object';
  }
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === 'function' ? 'a function' : `${String(value)} (${typeof value})`;
}

/** Details as plain JSON: what JSON can't carry becomes text. */
function plain(details: object): Record<string, unknown> {
  try {
    const text = JSON.stringify(details, (_, value: unknown) => {
      if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return String(value);
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
    });
    if (text.length > detailsLimit) return { tooLong: `${text.length} characters of details were left out` };
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    return { notStored: error instanceof Error ? error.message : String(error) };
  }
}
