// Rows are found by their lines as the backend reads them: its own hashes, on made-up files.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../../backend/data/dataset';
import { type DataLanguage, dataLanguage, recordAt, rowHash } from '../../../../extension/inline/record-text';

const folder = mkdtempSync(join(tmpdir(), 'superrl-inline-'));
let files = 0;

/** What the backend calls the rows of this file. */
async function backendHashes(text: string, extension: string): Promise<string[]> {
  const file = join(folder, `${files++}.${extension}`);
  writeFileSync(file, text);
  const dataset = await openDataset({ file, map: { prompt: 'prompt' } });
  try {
    const hashes: string[] = [];
    for await (const row of dataset.scan()) hashes.push(row.source.rowHash);
    return hashes;
  } finally {
    await dataset.close();
  }
}

/** Every line's hash, as the editor asks for them. */
function editorHashes(text: string, language: DataLanguage): string[] {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const all = { lineCount: lines.length, lineAt: (line: number) => lines[line]! };
  return lines.flatMap((_, line) => {
    const record = recordAt(all, line, language);
    return record ? [rowHash(record.text)] : [];
  });
}

const value = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom('a "quoted" {brace}', 'two\nlines', '[x]', 'é\\'));
const rows = fc
  .uniqueArray(value, { minLength: 1, maxLength: 6 })
  .filter((all) => all.every((text) => text.trim() !== ''));

describe('records by their lines', () => {
  it('hashes JSON lines as the backend does', async () => {
    const text = '{"prompt":"a"}\n\n  {"prompt":"b"}\r\n{"prompt":"c"}';
    const known = await backendHashes(text, 'jsonl');
    expect(known).toHaveLength(3);
    expect(editorHashes(text, 'jsonl')).toEqual(known);
  });

  it.each(['compact', 'indented'])('finds each element of a list, %s', async (layout) => {
    await fc.assert(
      fc.asyncProperty(rows, async (prompts) => {
        const objects = prompts.map((prompt) => ({ prompt, more: { nested: [1, { deep: '}' }] } }));
        const one = objects.map((object) => JSON.stringify(object)).join(',\n');
        const text = layout === 'compact' ? `[\n${one}\n]` : JSON.stringify(objects, null, 2);
        const seen = new Set(editorHashes(text, 'json'));
        for (const hash of await backendHashes(text, 'json')) expect(seen).toContain(hash);
      }),
      { numRuns: 20 },
    );
  });

  it('finds each CSV record, also over several lines', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (prompts) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const text = ['prompt,n', ...prompts.map((prompt, n) => `${quoted(prompt)},${n}`)].join('\n');
        const seen = new Set(editorHashes(text, 'csv'));
        for (const hash of await backendHashes(text, 'csv')) expect(seen).toContain(hash);
      }),
      { numRuns: 20 },
    );
  });

  it('knows data files by their name, and no run files or fixtures', () => {
    expect(dataLanguage('/a/train.NDJSON')).toBe('jsonl');
    expect(dataLanguage('/a/x.csv')).toBe('csv');
    expect(dataLanguage('/a/x.superrl.json')).toBeUndefined();
    expect(dataLanguage('/a/x.reward.json')).toBeUndefined();
    expect(dataLanguage('/a/x.ts')).toBeUndefined();
  });

  it('gives up on what is no record', () => {
    const lines = { lineCount: 2, lineAt: (line: number) => ['{"open": ', '"never'][line]! };
    expect(recordAt(lines, 0, 'json')).toBeUndefined();
    expect(recordAt({ lineCount: 1, lineAt: () => '"open' }, 0, 'csv')).toBeUndefined();
    expect(recordAt({ lineCount: 1, lineAt: () => '  ' }, 0, 'jsonl')).toBeUndefined();
  });
});
