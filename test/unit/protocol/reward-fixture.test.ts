// The JSON schema that the editor completes and hovers fixtures with.
import { expect, it } from 'vitest';
import { rewardFixtureJsonSchema } from '../../../backend/protocol/reward-fixture';

it('asks of a case what a person must write, and explains every field', () => {
  const { properties, required, allowComments } = rewardFixtureJsonSchema() as {
    properties: { cases: { items: { properties: Record<string, { description?: string }>; required: string[] } } };
    required: string[];
    allowComments: boolean;
  };
  const { items } = properties.cases;
  expect(required).toEqual(['cases']);
  expect(items.required).toEqual(['completion', 'expected']);
  const fields = [...Object.entries(properties), ...Object.entries(items.properties)];
  expect(fields.filter(([, { description }]: [string, { description?: string }]) => !description)).toEqual([]);
  expect(allowComments).toBe(true);
});
