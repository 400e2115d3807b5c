// Outcomes beside the records of a file of traces: those of the dataset rows that they are traces for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { RequestName, RequestParams, RequestResult } from '../../../../backend/protocol/messages';
import { parseRunFile } from '../../../../backend/protocol/run-file';
import { DatasetInspections } from '../../../../extension/inline/dataset-inspections';
import { FileOutcomes } from '../../../../extension/inline/file-outcomes';
import { TraceRows } from '../../../../extension/inline/trace-rows';
import type { RunList } from '../../../../extension/watch/run-list';

const folder = mkdtempSync(join(tmpdir(), 'superrl-traces-'));
afterAll(() => rmSync(folder, { recursive: true }));
const dataset = join(folder, 'train.jsonl');
const traces = join(folder, 'traces.jsonl');
for (const file of [dataset, traces]) writeFileSync(file, '{}\n');

const runFile = {
  ...{ name: 'x', model: { scratch: {} }, data: { train: 'train.jsonl', eval: 'eval.jsonl' } },
  ...{ traces: { path: 'traces.jsonl' }, rewards: [{ name: 'r', use: 'exact' }] },
};
const { parsed } = parseRunFile(JSON.stringify(runFile), join(folder, 'x.superrl.json'));
const files = { readRunFiles: async () => [{ file: join(folder, 'x.superrl.json'), parsed: parsed! }] };
const asked: RequestName[] = [];
const row = {
  ...{ file: dataset, row: 4, rowHash: 'row4', promptId: 'p', step: 3, group: 1, solved: 2, k: 8, decision: 'pg' },
  ...{ decisions: { pg: 1 }, lastReward: 0.25 },
};
const connection = {
  request: async <N extends RequestName>(name: N, params: RequestParams<N>): Promise<RequestResult<N>> => {
    asked.push(name);
    const wanted = params as { file: string; rowHashes: string[]; traces: { path: string } };
    if (name === 'traceRows') {
      expect(wanted).toMatchObject({ file: dataset, traces: { path: traces, join: 'prompt' } });
      return { rows: { t1: 'row4', t2: 'row5' } } as unknown as RequestResult<N>;
    }
    const rows = wanted.rowHashes.includes('row4') ? [row] : [];
    return { split: { none: 0, some: 1, all: 0 }, rows } as unknown as RequestResult<N>;
  },
};
const inspections = new DatasetInspections(files, connection);
const runs = { all: [{ run: '/r', step: 3, state: 'finished' }] } as unknown as RunList;
const outcomes = new FileOutcomes({ connection, runs, traces: new TraceRows(inspections, connection) });

it('knows what each file is to the run file', async () => {
  expect((await inspections.useOf(dataset))?.role).toBe('dataset');
  expect((await inspections.useOf(join(folder, 'eval.jsonl')))?.request).not.toHaveProperty('traces');
  expect(await inspections.useOf(traces)).toMatchObject({ role: 'traces', request: { file: dataset } });
  expect(await inspections.useOf('/elsewhere.jsonl')).toBeUndefined();
});

it('shows the row’s outcome with its trace, and asks for each record once', async () => {
  expect(await outcomes.of(traces)).toMatchObject({ run: '/r' });
  expect(await outcomes.rows(traces, ['t1', 't2', 't3'])).toEqual(new Map([['t1', row]]));
  asked.length = 0;
  expect(await outcomes.rows(traces, ['t1', 't3'])).toEqual(new Map([['t1', row]]));
  expect(asked).toEqual([]);
  writeFileSync(traces, '{"changed":1}\n');
  await outcomes.rows(traces, ['t1']);
  expect(asked).toContain('traceRows');
});

it('shows rows of a dataset as before', async () => {
  expect(await outcomes.rows(dataset, ['row4'])).toEqual(new Map([['row4', row]]));
});
