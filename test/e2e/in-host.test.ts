// The suite of test/in-host, run inside the extension host of the packed extension.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Editor } from './editor';
import { smallRun } from './small-run';

let editor: Editor;

beforeAll(async () => {
  editor = await Editor.open({ workspace: smallRun({ budget: { steps: 10 }, checkpoint: { every: 0 } }) });
});
afterAll(() => editor.close());

it('every test in the extension host passes', async () => {
  const suite = join(editor.root, 'suite.cjs');
  await build({
    entryPoints: [join(inject('root'), 'test/in-host/suite.ts')],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const extensions = join(editor.root, 'data/ext');
  const [extension] = readdirSync(extensions).filter((name) => name.startsWith('superrl.'));
  const { code, log } = await editor.runInHost(join(extensions, extension!), suite);
  const told = log.filter((line) => /^(passed|FAILED)/.test(line));
  expect(told.filter((line) => line.startsWith('FAILED'))).toEqual([]);
  expect(told.length).toBeGreaterThanOrEqual(7);
  expect(code).toBe(0);
});
