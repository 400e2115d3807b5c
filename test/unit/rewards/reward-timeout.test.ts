// The limit that the editor's setting gives stands above each reward's own.
import { expect, it } from 'vitest';
import { createScorer } from '../../../backend/rewards/create-scorer';

const slow = {
  ...{ name: 'slow', use: 'regex' as const, weight: 1, role: 'correctness' as const, timeoutMs: 200 },
  options: { pattern: '^(a+)+$' },
};
const sample = {
  ...{ prompt: '', completion: `${'a'.repeat(40)}b`, answer: '', row: {}, tokenIds: [] },
  group: { index: 0, completion: 0, size: 1 },
};

it.each([
  [undefined, 200],
  [50, 50],
])('limit %s', async (timeoutMs, expected) => {
  const scorer = await createScorer({ rewards: [slow], baseFolder: '/', timeoutMs });
  const [outcomes] = await scorer.score([sample]);
  expect(outcomes?.[0]).toMatchObject({
    invalid: 'timeout',
    reason: `The pattern took longer than ${expected} ms on this text.`,
  });
  await scorer.close();
});
