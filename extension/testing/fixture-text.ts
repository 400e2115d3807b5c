// Writes a stored completion as a case into a fixture file (`*.reward.json`): appended to one that is there, comments
// and layout kept, else a new one. Pure.
import { applyEdits, modify } from 'jsonc-parser';
import { type RewardFixtureFile, readRewardFixture } from '../../backend/protocol/reward-fixture';
import type { SampleCompletion, SampleGroup } from '../../backend/protocol/sample';

export type NewFixtureCase = RewardFixtureFile['cases'][number];

export interface FixtureReward {
  /** Relative to the fixture file. */
  readonly file: string;
  readonly export: string | undefined;
}

/** A stored completion, or a trace of the group's prompt by its number. */
export type FixtureText = Pick<SampleCompletion, 'index' | 'text' | 'rewards'> | { readonly demonstration: number };

export function sampleCase(
  group: SampleGroup,
  from: FixtureText,
  expected: NewFixtureCase['expected'],
): NewFixtureCase {
  const which = 'text' in from ? `completion ${from.index + 1}` : `trace ${from.demonstration + 1}`;
  return {
    name: `step ${group.step}, group ${group.group + 1}, ${which}`,
    prompt: group.question,
    completion: 'text' in from ? from.text : (group.demonstrations[from.demonstration] ?? ''),
    ...(group.answer === undefined || group.answer === null ? {} : { answer: group.answer }),
    row: group.columns,
    expected,
  };
}

/** What the input box takes: a number, "null" (does not apply) or "invalid". */
export function readExpected(text: string): NewFixtureCase['expected'] | undefined {
  const trimmed = text.trim();
  if (trimmed === 'null') return null;
  if (trimmed === 'invalid') return 'invalid';
  const number = Number(trimmed);
  return trimmed !== '' && Number.isFinite(number) ? number : undefined;
}

/** @throws SuperRlError `reward` when the text that is there is no fixture. */
export function withCase(
  text: string | undefined,
  fixtureFile: string,
  reward: FixtureReward,
  added: NewFixtureCase,
): string {
  if (text === undefined) {
    const fixture: RewardFixtureFile = {
      file: reward.file,
      ...(reward.export === undefined ? {} : { export: reward.export }),
      cases: [added],
    };
    return `${JSON.stringify(fixture, null, 2)}\n`;
  }
  const { fixture } = readRewardFixture(text, fixtureFile);
  const formattingOptions = { insertSpaces: true, tabSize: 2 };
  const path = ['cases', fixture.cases.length];
  return applyEdits(text, modify(text, path, added, { formattingOptions, isArrayInsertion: true }));
}

/** Whether a case of this reward may be added to the fixture of this text. */
export function isFixtureOf(text: string, fixtureFile: string, reward: FixtureReward): boolean {
  const { fixture } = readRewardFixture(text, fixtureFile);
  const plain = (path: string | undefined) => path?.replace(/^\.\//, '');
  return plain(fixture.file) === plain(reward.file) && (fixture.export ?? reward.export) === reward.export;
}
