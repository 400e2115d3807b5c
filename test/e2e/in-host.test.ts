// The suite of test/in-host, run inside the extension host of the packed extension.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Editor } from './editor';
import { smallRun } from './small-run';
import { runSuite } from './suite-in-host';

let editor: Editor;

beforeAll(async () => {
  editor = await Editor.open({ workspace: smallRun({ budget: { steps: 10 }, checkpoint: { every: 0 } }) });
});
afterAll(() => editor.close());

it('every test in the extension host passes', async () => {
  const { code, told } = await runSuite(editor, 'suite');
  expect(told.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  expect(told.length).toBeGreaterThanOrEqual(7);
  expect(code).toBe(0);
});
