// Records of a file of traces lead to the dataset rows whose prompts they are for.
import { expect, it } from 'vitest';
import { rowHashOf } from '../../../backend/data/row-hash';
import { TraceLinks } from '../../../backend/data/trace-links';
import { runConfigSchema } from '../../../backend/protocol/run-config';
import { jsonl, messageOf, write } from './written-files';

const rows = [1, 2, 3].map((n) => ({ id: `q${n}`, prompt: `${n}+${n}=`, answer: `${2 * n}` }));
const traces = [
  { prompt: '3+3=', solution: 'six', id: 'q1' },
  { prompt: '1+1=', solution: 'two', id: 'q2' },
  { prompt: '9+9=', solution: 'eighteen', id: 'q9' },
  { prompt: '3+3=', solution: 'also six', id: 'q1' },
];
const hash = (row: unknown) => rowHashOf(JSON.stringify(row));

function config(path: string | undefined, more: Record<string, unknown> = {}) {
  const parsed = runConfigSchema.shape.traces.parse({
    ...(path && { path }),
    map: { demonstration: 'solution' },
    ...more,
  });
  return parsed!;
}

it.each([
  ['prompt', [2, 0, undefined, 2]],
  ['id', [0, 1, undefined, 0]],
])('by %s', async (join, expected) => {
  const file = write('rows.jsonl', jsonl(rows));
  const links = await TraceLinks.read({ file, traces: config(write('traces.jsonl', jsonl(traces)), { join }) });
  expect(traces.map((trace) => links.rowOf(hash(trace)))).toEqual(
    expected.map((row) => (row === undefined ? undefined : hash(rows[row]))),
  );
  expect(links.rowOf(hash({ other: 1 }))).toBeUndefined();
  expect(links.rowOf('no hash at all!!')).toBeUndefined();
});

it('there are none where traces are a column of the dataset', async () => {
  const links = await TraceLinks.read({ file: write('rows.jsonl', jsonl(rows)), traces: config(undefined) });
  expect(links.rowOf(hash(rows[0]))).toBeUndefined();
});

it('says what is wrong with the file of traces', async () => {
  const path = write('traces.jsonl', jsonl([{ prompt: 'x', other: 1 }]));
  const read = TraceLinks.read({ file: write('rows.jsonl', jsonl(rows)), traces: config(path) });
  expect(await messageOf(read)).toMatch(/traces\.map\.demonstration|No column/);
});
