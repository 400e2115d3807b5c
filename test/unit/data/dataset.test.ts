// Opening: ids, sources, what is counted as unusable and where, limits, progress, cancelling, clean-up.
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../backend/data/dataset';
import type { Row } from '../../../backend/data/row';
import { fixture, jsonl, messageOf, write } from './written-files';

describe('openDataset', () => {
  it('counts and lists every kind of unusable row, and keeps the rest', async () => {
    const file = write(
      'mixed.jsonl',
      `${jsonl([
        { id: 'a', prompt: 'One', answer: 1 },
        { id: 'b', prompt: '  ', answer: 1 },
        { id: 'c', prompt: 'Three', answer: null },
        { id: 'd', prompt: { nested: true }, answer: 1 },
        { prompt: 'Five', answer: 1 },
        { id: 'f', prompt: 'One', answer: 1 },
        { id: 'a', prompt: 'Seven', answer: 1 },
        { id: 'h', prompt: 'Eight is far too long', answer: 1 },
      ])}\n\n${jsonl([{ id: 'i', prompt: 'Nine', answer: 0 }])}`,
    );
    const promptLimit = { tokens: 10, count: (row: Row) => row.prompt.length };
    const dataset = await openDataset({ file, map: { id: 'id' }, promptLimit });
    const { counts, problems, records, rows, longestPromptTokens } = dataset.report;
    expect({ records, rows, longestPromptTokens }).toEqual({ records: 9, rows: 2, longestPromptTokens: 5 });
    expect(counts).toEqual({
      emptyPrompt: 1,
      missingAnswer: 1,
      promptNotText: 1,
      missingId: 1,
      duplicate: 2,
      promptTooLong: 1,
    });
    expect(problems.map(({ place, row, reason }) => [place.line, row, reason])).toEqual([
      [2, 1, 'The prompt is empty.'],
      [3, 2, 'The answer is missing.'],
      [4, 3, 'The prompt is an object, not text.'],
      [5, 4, 'The id is missing.'],
      [6, 5, 'The same prompt as in line 1.'],
      [7, 6, 'The same id "a" as in line 1.'],
      [8, 7, 'The prompt has 21 tokens; at most 10 fit.'],
    ]);
    const last = await dataset.row(1);
    expect(last).toMatchObject({ id: 'i', prompt: 'Nine', answer: 0, source: { file, row: 8 } });
    expect(dataset.place(1)).toEqual({ file, line: 11 });
    await expect(dataset.row(2)).rejects.toThrow(RangeError);
    await dataset.close();
  });

  it('gives the same stable id and row hash in every format', async () => {
    const row = { question: 'Why?', answer: 'so #### 1' };
    const files = [
      write('a.jsonl', jsonl([row])),
      write('a.jsonl.gz', `\n${jsonl([row])}`),
      write('a.json', `[ ${JSON.stringify(row)} ]`),
    ];
    const found: Row[] = [];
    for (const file of files) {
      const dataset = await openDataset({ file });
      found.push(await dataset.row(0));
      await dataset.close();
    }
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set(['5d8a995a6fa7cf7c']));
    expect(new Set(found.map(({ source }) => source.rowHash)).size).toBe(1);
  });

  it('lists at most fifty of a kind, however many there are', async () => {
    const file = write('many.jsonl', jsonl([{ prompt: 'a' }, ...Array.from({ length: 500 }, () => ({ prompt: 'a' }))]));
    const dataset = await openDataset({ file });
    await dataset.close();
    expect(dataset.report.counts).toEqual({ duplicate: 500 });
    expect(dataset.report.problems).toHaveLength(50);
  });

  it('reads the first rows only under a limit', async () => {
    const dataset = await openDataset({ file: fixture('gsm8k.jsonl'), limit: 5 });
    expect(dataset.report).toMatchObject({ records: 5, rows: 5 });
    const scanned: Row[] = [];
    for await (const row of dataset.scan()) scanned.push(row);
    expect(scanned).toHaveLength(5);
    await dataset.close();
  });

  it('scans the same rows as it reads one by one', async () => {
    const row = fc.record({ prompt: fc.string(), answer: fc.option(fc.integer()) });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
        const file = write('scan.jsonl', jsonl([{ prompt: 'always', answer: 1 }, ...rows]));
        const dataset = await openDataset({ file });
        const scanned: Row[] = [];
        for await (const found of dataset.scan()) scanned.push(found);
        const read: Row[] = [];
        for (let i = 0; i < dataset.length; i++) read.push(await dataset.row(i));
        await dataset.close();
        expect(scanned).toEqual(read);
        const seen = new Set(['always']);
        const usable = rows.filter(({ prompt, answer }) => {
          const fresh = prompt.trim() !== '' && answer !== null && !seen.has(prompt);
          if (fresh) seen.add(prompt);
          return fresh;
        });
        expect(read.slice(1).map(({ prompt, answer }) => ({ prompt, answer }))).toEqual(usable);
      }),
      { numRuns: 50 },
    );
  });

  it('reports progress and stops when told to', async () => {
    const file = write(
      'stop.jsonl',
      jsonl(Array.from({ length: 50_000 }, (_, i) => ({ prompt: `Prompt ${i} ${'x'.repeat(60)}` }))),
    );
    const controller = new AbortController();
    const progress: number[] = [];
    const opening = openDataset({
      file,
      signal: controller.signal,
      onProgress: (records) => {
        progress.push(records);
        controller.abort();
      },
    });
    await expect(opening).rejects.toThrow(/abort/i);
    expect(progress).toHaveLength(1);
  });

  it('names rows, not lines, of Parquet, and leaves no scratch folder behind', async () => {
    const scratch = (): string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith('superrl-data-') && !name.includes('test'));
    const before = scratch();
    const file = fixture('countdown-zstd.parquet');
    const dataset = await openDataset({ file, map: { prompt: 'data_source' } });
    expect(dataset.length).toBe(1);
    expect(dataset.report.problems[0]).toMatchObject({
      place: { file },
      row: 1,
      reason: 'The same prompt as in row 1.',
    });
    await dataset.close();
    expect(await messageOf(openDataset({ file, map: { prompt: 'nope' } }))).toContain('which this file lacks');
    expect(scratch().filter((name) => !before.includes(name))).toEqual([]);
  });
});
