// Opens a JSONL file of N rows (default one million), then reads rows at random, and prints time and memory:
//   npx esbuild test/bench/million-rows.ts --bundle --platform=node --format=esm --outfile=.cache/bench/million-rows.mjs
//   node --max-old-space-size=96 .cache/bench/million-rows.mjs [ROWS]
// A heap of 96 MB can't hold the rows: that it suffices is the point. Compare several ROWS: heap stays, the index grows.
import { createWriteStream, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openDataset } from '../../backend/data/dataset';

function* lines(rows: number): Generator<string> {
  for (let i = 0; i < rows; i++) {
    const question = `A crate holds ${i} apples and a truck carries ${(i * 7919) % 1000} crates. How many apples are there?`;
    const answer = `There are ${i} x ${(i * 7919) % 1000} apples.\n#### ${i * ((i * 7919) % 1000)}`;
    yield `${JSON.stringify({ question, answer })}\n`;
  }
}

const rows = Number(process.argv[2] ?? 1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'superrl-bench-'));
try {
  const file = join(folder, 'rows.jsonl');
  await pipeline(Readable.from(lines(rows)), createWriteStream(file));
  const before = process.memoryUsage.rss();
  let mostHeap = 0;
  const started = performance.now();
  const dataset = await openDataset({
    file,
    onProgress: () => {
      mostHeap = Math.max(mostHeap, process.memoryUsage().heapUsed);
    },
  });
  const openSeconds = (performance.now() - started) / 1000;
  const reads = 10_000;
  const readingFrom = performance.now();
  for (let i = 0; i < reads; i++) {
    const index = (i * 104_729) % rows;
    const row = await dataset.row(index);
    if (!row.prompt.includes(` ${index} apples`)) throw new Error(`Row ${index} came back as ${row.prompt}`);
  }
  const microseconds = ((performance.now() - readingFrom) * 1000) / reads;
  const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
  console.log(
    JSON.stringify({
      rows: dataset.length,
      fileMiB: mebibytes(statSync(file).size),
      openSeconds: Number(openSeconds.toFixed(2)),
      indexMiB: mebibytes(dataset.report.indexBytes),
      mostHeapMiB: mebibytes(mostHeap),
      rssGrowthMiB: mebibytes(process.memoryUsage.rss() - before),
      microsecondsARow: Math.round(microseconds),
    }),
  );
  await dataset.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
