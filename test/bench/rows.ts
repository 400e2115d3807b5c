// The paged view's reading of N rows (default one million), as the server does it: a process is started, the file opened,
// and the first page answered; then the last page, the whole count, and a search for the last row.
//   npm run build && npm run bench -- rows [ROWS]
// For JSONL, Parquet of many row groups, and Parquet of one. Times are on the clock, the process's start included.
import { createWriteStream, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { DataReader } from '../../backend/server/data-reader';

const rows = Number(process.argv[2] ?? 1_000_000);
const computation = join(process.cwd(), 'dist/computation.mjs');
const folder = await mkdtemp(join(tmpdir(), 'superrl-bench-'));

const question = (n: number) => `A crate holds ${n} apples and a truck carries ${(n * 7919) % 1000} crates. How many?`;
const answer = (n: number) => `#### ${n * ((n * 7919) % 1000)}`;

function* lines(): Generator<string> {
  for (let n = 0; n < rows; n++) yield `${JSON.stringify({ question: question(n), answer: answer(n) })}\n`;
}

function parquet(rowGroupSize: number): Uint8Array {
  const numbers = Array.from({ length: rows }, (_, n) => n);
  const columnData = [
    { name: 'question', data: numbers.map(question), type: 'STRING' as const },
    { name: 'answer', data: numbers.map(answer), type: 'STRING' as const },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize }));
}

async function measure(name: string, file: string): Promise<void> {
  const reader = new DataReader(computation);
  const started = performance.now();
  const since = (from: number) => Math.round(performance.now() - from);
  const page = (from: number) => reader.run('readRows', { file, from, count: 200, cell: 300 });
  const first = await page(0);
  const firstPageMs = since(started);
  if (first.rows[199]?.cells.question !== question(199)) throw new Error(`Row 199 came back as ${first.rows[199]}`);
  let { complete } = first;
  while (!complete) ({ complete } = await page(0));
  const allKnownMs = since(started);
  const asked = performance.now();
  const last = await page(rows - 200);
  const lastPageMs = since(asked);
  if (last.rows[199]?.cells.question !== question(rows - 1)) throw new Error('The last row came back as another.');
  const searching = performance.now();
  for (let next = 0; ; ) {
    const found = await reader.run('searchRows', { file, text: question(rows - 1), from: next });
    if (found.row === rows - 1) break;
    if (found.row !== undefined || found.next >= found.known) throw new Error('The search missed the last row.');
    next = found.next;
  }
  const searchMs = since(searching);
  const fileMiB = Math.round(statSync(file).size / 2 ** 20);
  console.log(JSON.stringify({ name, rows, fileMiB, firstPageMs, allKnownMs, lastPageMs, searchMs }));
  reader.end();
}

try {
  const text = join(folder, 'rows.jsonl');
  await pipeline(Readable.from(lines()), createWriteStream(text));
  await measure('JSONL', text);
  for (const [name, size] of [
    ['Parquet, groups of 100,000 rows', 100_000],
    ['Parquet, one group', rows],
  ] as const) {
    const file = join(folder, `rows-${size}.parquet`);
    writeFileSync(file, parquet(size));
    await measure(name, file);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
