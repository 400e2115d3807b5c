// The JSON schema that the editor completes and hovers fixtures with.
import { expect, it } from 'vitest';
import { rewardFixtureJsonSchema } from '../../../backend/protocol/reward-fixture';

it('asks of a case what a person must write, and explains every field', () => {
  const { properties = {}, required, allowComments } = rewardFixtureJsonSchema();
  const cases = properties.cases?.items;
  expect(required).toEqual(['cases']);
  expect(cases?.required).toEqual(['completion', 'expected']);
  const fields = [...Object.entries(properties), ...Object.entries(cases?.properties ?? {})];
  expect(fields.length).toBeGreaterThan(10);
  expect(fields.filter(([, { description }]) => !description)).toEqual([]);
  expect(allowComments).toBe(true);
});
