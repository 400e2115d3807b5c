// Traces of a dataset: its own column, another file joined on prompt or id, coverage, limits, every error text.
import { describe, expect, it } from 'vitest';
import { type OpenDataset, openDataset } from '../../../backend/data/dataset';
import type { TracesConfig } from '../../../backend/data/trace-source';
import { attachTraces } from '../../../backend/data/traces';
import { fixture, jsonl, messageOf, write } from './written-files';

const config = (traces: Partial<TracesConfig>): TracesConfig => ({
  join: 'prompt',
  map: {},
  onTooLong: 'skip',
  ...traces,
});
const prompts = (): Promise<OpenDataset> =>
  openDataset({
    file: write(
      'prompts.jsonl',
      jsonl([
        { key: 1, prompt: 'a', answer: 1 },
        { key: 2, prompt: 'b', answer: 2 },
        { key: 3, prompt: 'c', answer: 3 },
      ]),
    ),
  });

describe('attachTraces', () => {
  it('without a configuration, rows have no demonstrations', async () => {
    const dataset = await attachTraces(await openDataset({ file: fixture('gsm8k.jsonl') }), undefined);
    expect((await dataset.row(0)).demonstrations).toEqual([]);
    expect(await dataset.traces(0)).toEqual([]);
    expect(dataset.coverage).toBeUndefined();
    await dataset.close();
  });

  it("takes the layout's own column, or another by map", async () => {
    const file = fixture('countdown.jsonl');
    const dataset = await attachTraces(await openDataset({ file }), config({}));
    expect(dataset.coverage).toMatchObject({
      file,
      join: 'column',
      prompts: 12,
      promptsWithTraces: 12,
      traces: 12,
      mostForOnePrompt: 1,
      counts: {},
    });
    expect((await dataset.row(0)).demonstrations[0]).toMatch(/<answer> 44 \+ \(19 \+ 35\) <\/answer>$/);
    await dataset.close();
    const mapped = await attachTraces(await openDataset({ file }), config({ map: { demonstration: 'expression' } }));
    expect(await mapped.traces(1)).toEqual([{ text: '63 + (96 - 95)', place: { file, line: 2 } }]);
    await mapped.close();
  });

  it('joins another file on the exact prompt: several a prompt, in file order, unmatched counted', async () => {
    const path = write('traces.csv.gz', 'prompt,completion\na,first\nb,only\nz,nobody\na,second\nb,\n');
    const dataset = await attachTraces(await prompts(), config({ path }));
    expect(await dataset.traces(0)).toEqual([
      { text: 'first', place: { file: path, line: 2 } },
      { text: 'second', place: { file: path, line: 5 } },
    ]);
    expect((await dataset.row(1)).demonstrations).toEqual(['only']);
    expect((await dataset.row(2)).demonstrations).toEqual([]);
    expect(dataset.coverage).toMatchObject({
      join: 'prompt',
      prompts: 3,
      promptsWithTraces: 2,
      traces: 3,
      mostForOnePrompt: 2,
      counts: { unmatched: 1, emptyTrace: 1 },
    });
    expect(dataset.coverage?.problems.map(({ place, reason }) => [place.line, reason])).toEqual([
      [4, 'No prompt has this prompt.'],
      [6, 'The trace is empty.'],
    ]);
    const scanned: (readonly string[])[] = [];
    for await (const row of dataset.scan()) scanned.push(row.demonstrations);
    expect(scanned).toEqual([['first', 'second'], ['only'], []]);
    await dataset.close();
  });

  it('joins on an id column, under one name or two, and a list counts as several', async () => {
    const path = write(
      'ids.jsonl',
      jsonl([
        { key: 3, demonstrations: ['x', 'y'] },
        { key: null, demonstrations: ['z'] },
        { key: 1, demonstrations: { a: 1 } },
      ]),
    );
    const dataset = await attachTraces(await prompts(), config({ path, join: 'key' }));
    expect((await dataset.row(2)).demonstrations).toEqual(['x', 'y']);
    expect(dataset.coverage?.counts).toEqual({ missingKey: 1, traceNotText: 1 });
    await dataset.close();
    const other = write('uids.jsonl', jsonl([{ uid: 2, text: 'for b' }]));
    const mapped = await attachTraces(
      await prompts(),
      config({ path: other, join: 'key', map: { id: 'uid', demonstration: 'text' } }),
    );
    expect((await mapped.row(1)).demonstrations).toEqual(['for b']);
    await mapped.close();
  });

  it.each([
    ['skip', ['ab'], 1],
    ['keep', ['ab', 'abcdef'], 2],
    ['truncate', ['ab', 'abcdef'], 2],
  ] as const)('over the limit: %s', async (onTooLong, expected, traces) => {
    const path = write(
      'long.jsonl',
      jsonl([
        { prompt: 'a', trace: 'ab' },
        { prompt: 'a', trace: 'abcdef' },
      ]),
    );
    const limit = { tokens: 3, count: (text: string) => text.length };
    for (const dataset of [
      await attachTraces(await prompts(), config({ path, onTooLong }), { limit }),
      await attachTraces(
        await openDataset({ file: write('own.jsonl', jsonl([{ prompt: 'a', demonstrations: ['ab', 'abcdef'] }])) }),
        config({ onTooLong }),
        { limit },
      ),
    ]) {
      expect((await dataset.row(0)).demonstrations).toEqual(expected);
      expect(dataset.coverage).toMatchObject({ traces, counts: { traceTooLong: 1 } });
      expect(dataset.coverage?.problems[0]?.reason).toBe('The trace has 6 tokens; rollout.maxNewTokens is 3.');
      await dataset.close();
    }
  });
});

describe('errors', () => {
  const message = async (dataset: OpenDataset, traces: Partial<TracesConfig>): Promise<string> => {
    const text = await messageOf(attachTraces(dataset, config(traces)));
    await dataset.close();
    return text;
  };

  it('no column with traces', async () => {
    expect(await message(await prompts(), {})).toBe(
      'prompts.jsonl: No column is known to hold traces. Name one of key, prompt, answer in traces.map, for example {"demonstration": "…"}, name another file in traces.path, or leave "traces" out.',
    );
    const path = write('no-traces.jsonl', jsonl([{ prompt: 'a', note: 'x' }]));
    expect(await message(await prompts(), { path })).toBe(
      'no-traces.jsonl: No column is known to hold traces. Name one of prompt, note in traces.map, for example {"demonstration": "…"}.',
    );
  });

  it('a column without one trace', async () => {
    const dataset = await openDataset({ file: write('hollow.jsonl', jsonl([{ prompt: 'a', trace: '' }])) });
    expect(await message(dataset, {})).toBe(
      'hollow.jsonl: None of the 1 rows has a usable trace in "trace". The trace is empty. Name another column in traces.map, or leave "traces" out.',
    );
  });

  it('a map that has no use without a path', async () => {
    expect(await message(await openDataset({ file: fixture('gsm8k.jsonl') }), { map: { id: 'question' } })).toBe(
      `${fixture('gsm8k.jsonl')}: traces.map.id has no use without traces.path. Remove it, or set it in data.map.`,
    );
  });

  it('a missing trace file, join column or prompt', async () => {
    expect(await message(await prompts(), { path: 'absent.jsonl' })).toMatch(/^absent\.jsonl: There is no such file\./);
    const path = write('join.jsonl', jsonl([{ uid: 1, trace: 'x' }]));
    expect(await message(await prompts(), { path, join: 'key' })).toBe(
      'join.jsonl: traces.join names "key", which this file lacks. Its columns are uid, trace.',
    );
    expect(await message(await prompts(), { path, join: 'uid' })).toBe(
      'prompts.jsonl: traces.join names "uid", which this file lacks. Its columns are key, prompt, answer.',
    );
    expect(await message(await prompts(), { path })).toMatch(
      /^join\.jsonl: No known layout has the columns uid, trace\. Say which of them is the prompt/,
    );
    expect(await message(await prompts(), { path, map: { prompt: 'uidd' } })).toMatch(
      /^join\.jsonl: traces\.map\.prompt names "uidd", which this file lacks\. Did you mean "uid"\?/,
    );
  });

  it('nothing that joins', async () => {
    const path = write('apart.jsonl', jsonl([{ prompt: 'A', trace: 'x' }]));
    expect(await message(await prompts(), { path })).toBe(
      'apart.jsonl: None of its 1 records gives a usable trace for a prompt of prompts.jsonl. They are joined on the exact prompt: here "A", there "a". No prompt has this prompt. Check traces.join and traces.map.',
    );
  });
});
