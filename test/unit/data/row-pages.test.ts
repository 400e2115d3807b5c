// Rows by number in every format, while the pass over the file still goes on and where it has to stop.
import { afterEach, describe, expect, it } from 'vitest';
import { openDataset } from '../../../backend/data/dataset';
import { RowPages } from '../../../backend/data/row-pages';
import { fixture, jsonl, messageOf, write } from './written-files';

const opened: RowPages[] = [];
afterEach(async () => {
  for (const pages of opened.splice(0)) await pages.close();
});

async function open(file: string): Promise<RowPages> {
  const pages = await RowPages.open(file);
  opened.push(pages);
  return pages;
}

async function whole(pages: RowPages, count = 1000) {
  for (;;) {
    const page = await pages.page(0, count, 500);
    if (page.complete) return page;
  }
}

const rows = Array.from({ length: 30 }, (_, n) => ({ question: `What is ${n}?`, answer: n, more: [n, null] }));

describe('rows of a file', () => {
  it('come by number with line, hash and cells as text', async () => {
    const file = write('rows.jsonl', `\n${jsonl(rows)}`);
    const pages = await open(file);
    await whole(pages);
    const page = await pages.page(10, 2, 500);
    expect(page).toMatchObject({ known: 30, complete: true });
    expect(page.rows).toMatchObject([
      { row: 10, line: 12, cells: { question: 'What is 10?', answer: '10', more: '[10,null]' } },
      { row: 11, line: 13 },
    ]);
    const dataset = await openDataset({ file, map: { prompt: 'question' } });
    expect(page.rows[0]?.rowHash).toBe((await dataset.row(10)).source.rowHash);
    await dataset.close();
  });

  it('are as many as there are, also when more are asked for', async () => {
    const pages = await open(write('rows.jsonl', jsonl(rows)));
    await whole(pages);
    expect((await pages.page(25, 100, 500)).rows).toHaveLength(5);
    expect((await pages.page(100, 100, 500)).rows).toEqual([]);
  });

  it('are cut at a whole character', async () => {
    const pages = await open(write('rows.jsonl', jsonl([{ a: 'xy🎲z' }])));
    expect((await pages.page(0, 1, 3)).rows[0]?.cells).toEqual({ a: 'xy…' });
    expect((await pages.page(0, 1, 4)).rows[0]?.cells).toEqual({ a: 'xy🎲…' });
    expect((await pages.page(0, 1, 5)).rows[0]?.cells).toEqual({ a: 'xy🎲z' });
  });

  it.each([
    ['rows.json', JSON.stringify(rows)],
    ['rows.jsonl.gz', jsonl(rows)],
    ['rows.csv', `question,answer\n${rows.map(({ answer }) => `"What is\n${answer}?",${answer}`).join('\n')}\n`],
  ])('of %s', async (name, content) => {
    const page = await whole(await open(write(name, content)));
    expect(page.rows).toHaveLength(30);
    expect(page.rows[29]?.cells).toMatchObject({ answer: '29' });
  });

  it.each(['snappy', 'gzip', 'zstd'])('of Parquet (%s) have the hash that training names them by', async (codec) => {
    const file = fixture(`countdown-${codec}.parquet`);
    const page = await (await open(file)).page(0, 1000, 500);
    const dataset = await openDataset({ file });
    expect(page.complete).toBe(true);
    expect(page.known).toBe(dataset.report.records);
    expect(page.rows.map(({ rowHash }) => rowHash)).toEqual(
      await Promise.all(page.rows.map(async ({ row }) => (await dataset.row(row)).source.rowHash)),
    );
    expect(page.rows[0]).not.toHaveProperty('line');
    await dataset.close();
  });

  it('end before a record that is broken, with the reason', async () => {
    const page = await whole(await open(write('rows.jsonl', `${jsonl(rows)}{"question": \n`)));
    expect(page.problem).toMatch(/rows\.jsonl:31.*ends too early/);
  });
});

describe('a search', () => {
  it('finds the next row that holds the text, upper and lower case alike', async () => {
    const pages = await open(write('rows.jsonl', jsonl([...rows, { question: 'line\nÄpfel "x"' }])));
    await whole(pages);
    expect(await pages.search('IS 1', 0)).toMatchObject({ row: 1, next: 2 });
    expect(await pages.search('is 1', 2)).toMatchObject({ row: 10 });
    expect(await pages.search('äpfel "x"', 0)).toMatchObject({ row: 30 });
    expect(await pages.search('is 1', 20)).toEqual({ next: 31, known: 31, complete: true });
  });

  it('goes on where it stopped, in a file of many rows', async () => {
    const many = Array.from({ length: 45_000 }, (_, n) => `{"n":"row ${n}."}\n`).join('');
    const pages = await open(write('many.jsonl', many));
    let next = 0;
    let asked = 0;
    for (;;) {
      const found = await pages.search('row 44000.', next);
      asked++;
      if (found.row !== undefined) {
        expect(found.row).toBe(44_000);
        break;
      }
      expect(found.complete && found.next >= found.known).toBe(false);
      next = found.next;
    }
    expect(asked).toBeGreaterThan(2);
  });
});

it('says why a file can’t be opened', async () => {
  expect(await messageOf(RowPages.open('/nowhere/rows.jsonl'))).toMatch(/no such file/);
  expect(await messageOf(RowPages.open(write('rows.parquet', 'not parquet')))).toMatch(/does not begin as Parquet/);
  expect(await messageOf(RowPages.open(write('rows.txt', 'x')))).toMatch(/can't be read as data/);
});
