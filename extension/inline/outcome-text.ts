// A row's newest outcome in the words that stand behind its line, and a file's in those at its head. Pure.
import type { RequestResult } from '../../backend/protocol/messages';

export type RowOutcome = RequestResult<'rowOutcomes'>['rows'][number];
export type Split = NonNullable<RequestResult<'rowOutcomes'>['split']>;

const mostCharacters = 80;

/** "solved 3/8 · sft ×2 · last r=0", at most 80 characters. */
export function outcomeLine({ solved, k, decisions, lastReward }: RowOutcome): string {
  const counts = Object.entries(decisions)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ×${count}`);
  // Without any valid reward there is nothing to say of its size; in an SFT phase nothing was sampled.
  const none = k > 0 ? 'no valid reward' : undefined;
  const reward = lastReward === null ? none : `last r=${Number(lastReward.toPrecision(2))}`;
  const line = [`solved ${solved}/${k}`, ...counts, reward].filter((part) => part !== undefined).join(' · ');
  return line.length > mostCharacters ? `${line.slice(0, mostCharacters - 1)}…` : line;
}

/** "of 1,024 rows trained on: 12 % none solved, 50 % some, 38 % all"; undefined: none yet. */
export function splitLine({ none, some, all }: Split): string | undefined {
  const rows = none + some + all;
  if (rows === 0) return undefined;
  const share = (count: number) => `${Math.round((100 * count) / rows)} %`;
  const noun = rows === 1 ? 'row' : 'rows';
  return `of ${rows.toLocaleString('en')} ${noun} trained on: none solved ${share(none)}, some ${share(some)}, all ${share(all)}`;
}
