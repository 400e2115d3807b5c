// Held-out prompts among the training data are named with both rows, in the report of the data, of the traces, and as
// the sentence that a run begins with.
import { describe, expect, it } from 'vitest';
import { auditTraces, renderAudit } from '../../../backend/data/audit';
import { openDataset } from '../../../backend/data/dataset';
import { readHeldOutPrompts } from '../../../backend/data/held-out-data';
import { inspectDataset, renderInspection } from '../../../backend/data/inspect';
import { describeShared } from '../../../backend/data/shared-prompts';
import { attachTraces } from '../../../backend/data/traces';
import { jsonl, testFolder, write } from './written-files';

const rows = (questions: readonly string[]) => jsonl(questions.map((question) => ({ question, answer: '#### 1' })));
const plain = (text: string) => text.replaceAll(`${testFolder}/`, '').replaceAll(/\b\d+-(?=train|held)/g, '');

async function sharedOf(train: string, heldOut: string, limit?: number) {
  const dataset = await openDataset({
    file: train,
    heldOut: await readHeldOutPrompts({ file: heldOut }),
    ...(limit && { limit }),
  });
  await dataset.close();
  return dataset.report.sharedPrompts;
}

describe('held-out prompts in the training data', () => {
  it('are found after mapping, whatever the formats and columns are', async () => {
    const train = write('train.jsonl', rows(['One?', 'Two?', 'Three?']));
    const heldOut = write('held.json', '[{ "prompt": "Zero?", "answer": 0 },\n\n{ "prompt": "Three?", "answer": 3 }]');
    const shared = await sharedOf(train, heldOut);
    expect(shared).toMatchObject({ heldOutRows: 2, count: 1 });
    expect(plain(describeShared(shared!) ?? '')).toBe(
      '1 of 2 held-out prompts is also in the training data, so what is measured on it is memory ' +
        '(held.json:3 is train.jsonl:3). Take them out of held.json or of data.train.',
    );
  });

  it('only count where they are trained on: not behind data.limit, and once', async () => {
    const train = write('train.jsonl', rows(['One?', 'Two?', 'One?', 'Three?']));
    const heldOut = write('held.jsonl', rows(['Three?', 'One?']));
    expect(await sharedOf(train, heldOut, 3)).toMatchObject({ count: 1 });
    expect(await sharedOf(train, heldOut)).toMatchObject({ count: 2 });
  });

  it('are told in no sentence when there are none', async () => {
    const shared = await sharedOf(write('train.jsonl', rows(['One?'])), write('held.jsonl', rows(['one?'])));
    expect(shared).toMatchObject({ count: 0, listed: [] });
    expect(describeShared(shared!)).toBeUndefined();
  });

  it('are listed up to a limit and counted beyond it', async () => {
    const many = Array.from({ length: 80 }, (_, i) => `Question ${i}?`);
    const shared = await sharedOf(write('train.jsonl', rows(many)), write('held.jsonl', rows(many)));
    expect(shared).toMatchObject({ count: 80, heldOutRows: 80 });
    expect(shared?.listed).toHaveLength(50);
    expect(describeShared(shared!)).toContain(', and 77 more). Take them out of');
  });

  it('stand in what data inspect and data audit say', async () => {
    const file = write('train.jsonl', rows(['One?', 'Two?']));
    const heldOutData = { file: write('held.jsonl', rows(['Two?'])) };
    expect(plain(renderInspection(await inspectDataset({ file, heldOutData })))).toContain(
      'Held-out prompts in the training data: 1 of 1\n  held.jsonl:1 is train.jsonl:2',
    );
    const dataset = await openDataset({ file, heldOut: await readHeldOutPrompts(heldOutData) });
    const traced = await attachTraces(dataset, { join: 'prompt', map: {}, onTooLong: 'keep' });
    const scorer = { components: [], score: async () => [], close: async () => {} };
    const audit = await auditTraces({ dataset: traced, scorer, successAbove: 0 });
    await traced.close();
    expect(audit.counts.heldOut).toBe(1);
    expect(plain(renderAudit(audit))).toContain(
      'Prompts that are held out too: 1\n  train.jsonl:2: The prompt is held out too: held.jsonl:1.',
    );
  });
});
