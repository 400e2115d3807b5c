// A dataset that a run has used, in the real workbench: each row says what the run made of it, the head of the file what
// is known of it, the hover shows the newest group, and an edited row says nothing any more.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Editor, patient } from './editor';
import type { Workbench } from './workbench';

const rows = 6;

describe('outcomes in a dataset', { timeout: 600_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    const train = Array.from({ length: rows }, (_, n) =>
      JSON.stringify({ prompt: `${n}>`, answer: `${n}`, trace: `${n}` }),
    );
    const run = {
      ...{ name: 'small', model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 16 } } },
      ...{ data: { train: 'train.jsonl' }, traces: { map: { demonstration: 'trace' } } },
      ...{ rewards: [{ name: 'same', use: 'exact' }], rollout: { promptsPerStep: rows, k: 4, maxNewTokens: 2 } },
      ...{ budget: { steps: 2 }, seed: 1 },
    };
    const workspace = { 'train.jsonl': `${train.join('\n')}\n`, 'small.superrl.json': JSON.stringify(run) };
    editor = await Editor.open({ workspace });
    const program = join(inject('root'), 'dist/superrl.mjs');
    const { status, stderr } = spawnSync(
      process.execPath,
      [program, 'train', join(editor.workspace, 'small.superrl.json')],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    workbench = await editor.window();
    await workbench.startExtension();
    await workbench.openFile('train.jsonl');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor?.close());

  /** Decorations are pseudo-elements, so their text is in the style alone. */
  const outcomes = () =>
    workbench.page.evaluate(() =>
      [...document.querySelectorAll('.view-line span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content.includes('solved')),
    );

  it('stand behind each row', async () => {
    await expect.poll(async () => (await outcomes()).length, patient).toBe(rows);
    const [first] = await outcomes();
    expect(first).toMatch(/solved \d\/4 · (sft|pg|skip|mix) ×\d.*last r=/);
    await editor.picture('inline');
  });

  it('are summed up at the head, with rows, mapping and traces', async () => {
    await workbench.codeLens(`· ${rows} rows`).waitFor();
    await workbench.codeLens(`${rows} traces for ${rows} of ${rows} prompts`).waitFor();
    await workbench.codeLens(`of ${rows} rows trained on`).waitFor();
  });

  it('are gone from a row that is edited, and back when it is undone', async () => {
    await workbench.page.locator('.view-line').nth(1).click();
    await workbench.page.keyboard.press('End');
    await workbench.page.keyboard.type(' x');
    await expect.poll(async () => (await outcomes()).length, patient).toBe(rows - 1);
    await workbench.page.keyboard.press('Control+z');
    await expect.poll(async () => (await outcomes()).length, patient).toBe(rows);
  });

  it('open up in the hover', async () => {
    await workbench.page
      .locator('.view-line')
      .nth(2)
      .hover({ position: { x: 40, y: 8 } });
    const hover = workbench.page.locator('.monaco-hover', { hasText: 'Step 2' });
    await expect.poll(() => hover.textContent(), patient).toContain('debug the reward');
    await editor.picture('inline-hover');
    expect(editor.errors).toEqual([]);
  });
});
