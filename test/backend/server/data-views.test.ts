// Data files as windows look at them, from a real server: rows, searches, and the rows that traces belong to.
import type { ChildProcess } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowHashOf } from '../../../backend/data/row-hash';
import { type Client, ServerBench, until } from './served';

let bench: ServerBench;
let server: ChildProcess;
let client: Client;

beforeAll(async () => {
  bench = new ServerBench();
  server = await bench.start('--read-only');
  client = await bench.connect(bench.record(true));
});
afterAll(() => bench.close());

const line = (n: number) => JSON.stringify({ prompt: `${n}+1=`, answer: `${n + 1}` });
const write = (name: string, rows: readonly string[]) => {
  const file = join(bench.folder, name);
  const text = `${rows.join('\n')}\n`;
  writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
  return file;
};
const scratch = () => readdirSync(tmpdir()).filter((name) => name.startsWith('superrl-data-')).length;

it('gives rows and finds text in them, also on a server that only reads', async () => {
  const file = write('rows.jsonl', [0, 1, 2, 3].map(line));
  const page = await client.request('readRows', { file, from: 1, count: 2 });
  expect(page).toMatchObject({ known: 4, complete: true });
  expect(page.rows).toEqual([
    { row: 1, line: 2, rowHash: rowHashOf(line(1)), cells: { prompt: '1+1=', answer: '2' } },
    { row: 2, line: 3, rowHash: rowHashOf(line(2)), cells: { prompt: '2+1=', answer: '3' } },
  ]);
  expect(await client.request('searchRows', { file, from: 0, text: '3+1' })).toMatchObject({ row: 3 });
});

it('sees that a file was written anew', async () => {
  const file = write('changing.jsonl', [line(0)]);
  expect((await client.request('readRows', { file, from: 0, count: 10 })).known).toBe(1);
  write('changing.jsonl', [line(5), line(6)]);
  const { rows } = await client.request('readRows', { file, from: 0, count: 10 });
  expect(rows.map(({ cells }) => cells.prompt)).toEqual(['5+1=', '6+1=']);
});

it('says why a file can’t be read, and goes on with others', async () => {
  const missing = client.request('readRows', { file: join(bench.folder, 'none.jsonl'), from: 0, count: 1 });
  await expect(missing).rejects.toMatchObject({
    error: { code: 'data', message: expect.stringMatching(/no such file/) },
  });
  const file = write('others.jsonl', [line(1)]);
  expect((await client.request('readRows', { file, from: 0, count: 1 })).rows).toHaveLength(1);
});

it('tells which rows traces are for', async () => {
  const trace = (n: number) => JSON.stringify({ prompt: `${n}+1=`, solution: 'it is' });
  const path = write('traces.jsonl', [2, 9].map(trace));
  const file = write('traced.jsonl', [0, 1, 2].map(line));
  const { rows } = await client.request('traceRows', {
    ...{ file, traces: { path, map: { demonstration: 'solution' } } },
    rowHashes: [rowHashOf(trace(2)), rowHashOf(trace(9))],
  });
  expect(rows).toEqual({ [rowHashOf(trace(2))]: rowHashOf(line(2)) });
});

it('unpacks a compressed file for as long as it serves', async () => {
  const before = scratch();
  const file = write('packed.jsonl.gz', [0, 1].map(line));
  expect((await client.request('readRows', { file, from: 0, count: 10 })).known).toBe(2);
  expect(scratch()).toBe(before + 1);
  server.kill('SIGTERM');
  await until(() => scratch() === before || undefined);
});
