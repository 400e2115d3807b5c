// Data and traces in the real editor: what stands beside them and mends them (inside the extension host), and the paged
// view of Parquet and of a million rows as a person sees it.
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Editor } from './editor';
import { runSuite } from './suite-in-host';
import type { Workbench } from './workbench';

const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const common = {
  ...{ model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 16 } }, budget: { steps: 3 }, seed: 1 },
  ...{ rewards: [{ name: 'same', use: 'exact' }], rollout: { promptsPerStep: 4, k: 4, maxNewTokens: 2 } },
};
const runFile = (fields: object) => JSON.stringify({ ...common, ...fields }, null, 2);
const prompts = [0, 1, 2, 3].map((n) => ({ prompt: `${n}>`, answer: `${n}` }));
const millionRows = 1_000_000;

const workspace = {
  'train.jsonl': jsonl(prompts),
  'traces.jsonl': jsonl([0, 1, 2, 9].map((n) => ({ prompt: `${n}>`, solution: `${n}` }))),
  'flawed.jsonl': jsonl([prompts[0] ?? {}, prompts[0] ?? {}, { prompt: '2>', answer: '' }, prompts[3] ?? {}]),
  'asked.jsonl': jsonl([1, 2].map((n) => ({ ask: `${n}>`, final: `${n}`, other: 'x' }))),
  'small.superrl.json': runFile({
    ...{ name: 'small', data: { train: 'train.jsonl' } },
    traces: { path: 'traces.jsonl', map: { demonstration: 'solution' } },
  }),
  'limited.superrl.json': runFile({ name: 'limited', method: 'rl', data: { train: 'train.jsonl' } }),
  'flawed.superrl.json': runFile({ name: 'flawed', data: { train: 'flawed.jsonl' } }),
  'unmapped.superrl.json': runFile({ name: 'unmapped', data: { train: 'asked.jsonl' } }),
  'large.superrl.json': runFile({ name: 'large', data: { train: 'large.jsonl' } }),
  'million.superrl.json': runFile({ name: 'million', data: { train: 'million.jsonl' } }),
};

describe('data in the editor', { timeout: 900_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    const parquet = join(inject('root'), 'test/fixtures/data/countdown-snappy.parquet');
    editor = await Editor.open({ workspace, copyFiles: [parquet] });
    const program = join(inject('root'), 'dist/superrl.mjs');
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, 'train', join(editor.workspace, 'small.superrl.json')],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor?.close());

  it('has outcomes, fixes and views: every test in the extension host passes', async () => {
    const { code, told, log } = await runSuite(editor, 'data-suite');
    expect(told.filter((line) => line.startsWith('FAILED'))).toEqual([]);
    expect(told.length, log.join('\n')).toBe(10);
    expect(code).toBe(0);
  });

  it('shows Parquet as rows, with what a row holds', async () => {
    workbench = await editor.window();
    await workbench.command('SuperRL: Refresh'); // its editors are known once the extension is
    await workbench.openFile('countdown-snappy.parquet');
    const view = workbench.webview();
    await view.locator('.grid-row:not([aria-busy])').first().waitFor();
    expect(await view.locator('.notice').textContent()).toContain('Parquet is a binary format');
    await view.locator('#row-0').click();
    await view.getByRole('region', { name: 'Row 1' }).waitFor();
    await editor.picture('rows-parquet');
  });

  it('shows the first of a million rows while the others are counted, and goes to any of them', async () => {
    const rows = function* () {
      for (let n = 0; n < millionRows; n++) {
        yield `${JSON.stringify({ prompt: `A crate holds ${n} apples. How many are two?`, answer: `${2 * n}` })}\n`;
      }
    };
    await pipeline(Readable.from(rows()), createWriteStream(join(editor.workspace, 'million.jsonl')));
    await workbench.closeAllEditors();
    await workbench.page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: 'million.jsonl' })
      .first()
      .waitFor();
    const started = performance.now();
    await workbench.openFile('million.jsonl');
    const view = workbench.webview();
    await view.locator('.grid-row:not([aria-busy])').first().waitFor();
    const shown = performance.now() - started;
    await view.locator('.page-range', { hasText: 'of 1,000,000' }).waitFor();
    const whole = performance.now() - started;
    console.log(
      `1,000,000 rows in the workbench: first rows after ${Math.round(shown)} ms, all known after ${Math.round(whole)} ms`,
    );
    await view.getByRole('textbox', { name: 'Go to row' }).fill('777777');
    await view.getByRole('textbox', { name: 'Go to row' }).press('Enter');
    await view.locator('#row-777776:not([aria-busy])', { hasText: 'A crate holds 777776 apples' }).waitFor();
    await editor.picture('rows-million');
  });

  // The text editor may fail at the file's size before the rows come, or only after.
  it('shows the rows each time they are opened', async () => {
    for (let time = 0; time < 6; time++) {
      await workbench.closeAllEditors();
      await workbench.openFile('million.jsonl');
      await workbench.webview().locator('.grid-row:not([aria-busy])').first().waitFor();
    }
    expect(editor.errors).toEqual([]);
  });
});
