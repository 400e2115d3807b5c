// Whatever rows are written with whatever line ends, byte order mark, compression and chunking, streaming
// gives them back, and reading each by its span gives the same.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDataFile } from '../../../backend/data/data-file';
import { csvFormat } from '../../../backend/data/formats/csv';
import { jsonArrayFormat } from '../../../backend/data/formats/json-array';
import { jsonlFormat } from '../../../backend/data/formats/jsonl';
import { countLines, type FileRecord, type RecordFormat } from '../../../backend/data/formats/record';
import { write } from './written-files';

const newline = fc.constantFrom('\n', '\r\n', '\r');
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '\\', '{', '}', '[', ']', 'é', '😀', '\u2028', ' ', 'a') }),
);
const jsonRow = fc
  .dictionary(text, fc.jsonValue({ depthSize: 'small' }), { maxKeys: 4 })
  .filter((row) => !('__proto__' in row));

/** Feeds `bytes` in chunks of the given size, as a slow disk would. */
function inChunks(format: RecordFormat, bytes: Buffer, chunk: number): FileRecord[] {
  const pass = format.startPass();
  const records: FileRecord[] = [];
  let start = 0;
  for (let end = Math.min(chunk, bytes.length); ; end = Math.min(end + chunk, bytes.length)) {
    const final = end === bytes.length;
    const taken = pass.take(bytes.subarray(start, end), start, final);
    records.push(...taken.records);
    start += taken.consumed;
    if (final) return records;
  }
}

function expectRows(format: RecordFormat, content: string, rows: readonly unknown[], chunk: number): void {
  const bytes = Buffer.from(content);
  const records = inChunks(format, bytes, chunk);
  expect(records.map(({ columns }) => columns)).toEqual(rows);
  for (const [index, record] of records.entries()) {
    const span = bytes.subarray(record.offset, record.offset + record.length);
    expect(format.parse(span, record.line)).toEqual(rows[index]);
    expect(Buffer.from(record.bytes)).toEqual(span);
    expect(record.line).toBe(1 + countLines(bytes, 0, record.offset));
  }
}

const jsonWhole = (row: unknown): unknown => JSON.parse(JSON.stringify(row));

describe('streaming and random access', () => {
  it('JSONL equals a naive parse, with blank lines and any line end', () => {
    const line = fc.oneof(
      { weight: 4, arbitrary: jsonRow.map((row) => JSON.stringify(row)) },
      { weight: 1, arbitrary: fc.constantFrom('', '  ', '\t') },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, newline)),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        (lines, cut, chunk) => {
          let content = lines.map(([row, end]) => row + end).join('');
          if (cut) content = content.replace(/[\r\n]+$/, '');
          const rows = lines.filter(([row]) => row.trim() !== '').map(([row]) => JSON.parse(row));
          expectRows(jsonlFormat('f.jsonl'), content, rows, chunk);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a JSON list equals JSON.parse, whatever its layout', () => {
    const indent = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(fc.array(jsonRow), indent, newline, fc.integer({ min: 1, max: 40 }), (rows, space, end, chunk) => {
        const content = `${JSON.stringify(rows, null, space).replaceAll('\n', end)}${end}`;
        expectRows(jsonArrayFormat('f.json'), content, jsonWhole(rows) as unknown[], chunk);
      }),
      { numRuns: 300 },
    );
  });

  it('CSV gives back every quoted field, line breaks and quotes included', () => {
    const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
    const bare = fc
      .string({ unit: fc.constantFrom('a', 'é', '1', ' ', ';', '{') })
      .filter((field) => field.trim() !== '');
    const field = fc.oneof(
      bare.map((value) => ({ value, written: value })),
      text.map((value) => ({ value, written: quoted(value) })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(field, field)),
        newline,
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        (rows, end, cut, chunk) => {
          let content = ['a,"b ""c"""', ...rows.map(([one, two]) => `${one.written},${two.written}`)].join(end);
          if (!cut) content += end;
          const expected = rows.map(([one, two]) => ({ a: one.value, 'b "c"': two.value }));
          expectRows(csvFormat('f.csv'), content, expected, chunk);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('files: the byte order mark and .gz change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(jsonRow, { minLength: 1 }),
        newline,
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom('jsonl', 'json'),
        async (rows, end, bom, gzip, format) => {
          const body = format === 'json' ? JSON.stringify(rows) : rows.map((row) => JSON.stringify(row)).join(end);
          const file = write(`rows.${format}${gzip ? '.gz' : ''}`, `${bom ? '\ufeff' : ''}${body}`);
          const data = await openDataFile(file);
          const found: unknown[] = [];
          for await (const batch of data.batches()) {
            for (const record of batch) {
              found.push(record.columns);
              expect((await data.read(record)).columns).toEqual(record.columns);
            }
          }
          await data.close();
          expect(found).toEqual(jsonWhole(rows));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('records that are longer than a read', async () => {
    const rows = [
      { prompt: 'short' },
      { prompt: 'é'.repeat(3_000_000) },
      { prompt: 'x'.repeat(1 << 20) },
      { prompt: 'last' },
    ];
    for (const [name, content] of [
      ['long.jsonl', rows.map((row) => JSON.stringify(row)).join('\r\n')],
      ['long.json', JSON.stringify(rows, null, 2)],
      ['long.csv', `prompt\n${rows.map(({ prompt }) => prompt).join('\n')}`],
    ] as const) {
      const data = await openDataFile(write(name, content));
      const found: unknown[] = [];
      for await (const batch of data.batches()) found.push(...batch.map(({ columns }) => columns));
      await data.close();
      expect(found).toEqual(rows);
    }
  });
});
