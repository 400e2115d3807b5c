// Samples written as fixture cases, as the fixture reader takes them.
import { describe, expect, it } from 'vitest';
import { readRewardFixture } from '../../../../backend/protocol/reward-fixture';
import { isFixtureOf, readExpected, sampleCase, withCase } from '../../../../extension/testing/fixture-text';
import { storedGroup } from '../stored-groups';

const { group, completions } = storedGroup(12, 2, [0, 1]);
const added = sampleCase(group, completions[1]!, 1);
const reward = { file: 'solved.reward.ts', export: 'solved' };

describe('a sample as a fixture', () => {
  it('makes a new file that the fixture reader takes', () => {
    const text = withCase(undefined, '/w/solved.reward.json', reward, added);
    const { fixture } = readRewardFixture(text, '/w/solved.reward.json');
    expect(fixture).toMatchObject({ ...reward, cases: [{ completion: 'text 1', answer: 7, expected: 1 }] });
    expect(fixture.cases[0]!.name).toBe('step 12, group 3, completion 2');
  });

  it('is appended to a file that is there, its comments kept', () => {
    const first = `// Ours\n${withCase(undefined, 'f', reward, added)}`;
    const text = withCase(first, 'f', reward, { ...added, expected: 'invalid' });
    expect(text.startsWith('// Ours\n')).toBe(true);
    expect(readRewardFixture(text, 'f').fixture.cases.map(({ expected }) => expected)).toEqual([1, 'invalid']);
  });

  it('may be a trace of its prompt', () => {
    const traced = { ...group, demonstrations: ['first', 'second'] };
    const text = withCase(undefined, 'f', reward, sampleCase(traced, { demonstration: 1 }, 1));
    const [only] = readRewardFixture(text, 'f').fixture.cases;
    expect(only).toMatchObject({ name: 'step 12, group 3, trace 2', completion: 'second', answer: 7, expected: 1 });
  });

  it('only to a fixture of the same function', () => {
    const text = withCase(undefined, 'f', reward, added);
    expect(isFixtureOf(text, 'f', { ...reward, file: './solved.reward.ts' })).toBe(true);
    expect(isFixtureOf(text, 'f', { ...reward, export: 'other' })).toBe(false);
    expect(() => isFixtureOf('{', 'f', reward)).toThrow(/This fixture is not JSON/);
  });

  it('takes a number, null or invalid as what is expected', () => {
    expect(['0.5', ' null ', 'invalid', '', 'NaN', 'x'].map(readExpected)).toEqual([
      0.5,
      null,
      'invalid',
      ...[undefined, undefined, undefined],
    ]);
  });
});
