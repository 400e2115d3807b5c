// The sentence that says why rows are shown instead of text.
import { expect, it } from 'vitest';
import { largestTextBytes, viewReason } from '../../../../extension/rows/view-reason';

it.each([
  ['/d/a.parquet', 10, false, 'Read-only rows: Parquet is a binary format, so it has no text to edit.'],
  ['/d/a.jsonl.gz', 10, false, 'Read-only rows: the file is compressed, so it has no text to edit.'],
  [
    '/d/a.jsonl',
    62 * 2 ** 20,
    true,
    'Read-only rows: the file has 62 MB, and VS Code gives extensions no text above 50 MB. As text it has no outcomes.',
  ],
  ['/d/a.jsonl', largestTextBytes, true, 'Read-only rows. The text can be edited.'],
])('%s of %i bytes', (file, bytes, canOpenAsText, notice) => {
  expect(viewReason(file, bytes)).toEqual({ notice, canOpenAsText });
});
