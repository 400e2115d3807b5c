// Sample lines as they stand in files.
import { expect, it } from 'vitest';
import { sampleLineSchema } from '../../../backend/protocol/sample';
import { group } from '../server/run-files';

it('a group of a dataset without answers is read back', () => {
  const { answer: _, ...without } = JSON.parse(JSON.stringify(group(1, 0, 1, { kind: 'pg', solved: 'some' })));
  expect(sampleLineSchema.parse(without)).toEqual(without);
});
