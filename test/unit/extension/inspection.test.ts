// What the server answers of a dataset, as the editor reads it: also of one that has no answer.
import { expect, it } from 'vitest';
import { inspectDataset } from '../../../backend/data/inspect';
import { inspectionSchema } from '../../../extension/data/inspection';
import { jsonl, write } from '../data/written-files';

it('may be of a dataset without an answer', async () => {
  const file = write('rows.jsonl', jsonl([{ ask: '1+1=' }]));
  const answered: unknown = JSON.parse(JSON.stringify(await inspectDataset({ file, map: { prompt: 'ask' } })));
  expect(inspectionSchema.parse(answered).mapping.map(({ field }) => field)).toEqual(['prompt']);
});
