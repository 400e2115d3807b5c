// Starting a run of one's own data: the four questions with the preview of the mapping, and the run
// file that they write.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import type { Editor } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';
import { inTheme, openEditor, openWindow, picture, themeNames } from './picture';

const clip = { x: 0, y: 0, width: 1280, height: 400 };

describe('start', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    const gsm8k = join(inject('root'), 'examples/gsm8k');
    editor = await openEditor({
      workspace: {},
      copyFiles: [join(gsm8k, 'train.jsonl'), join(gsm8k, 'heldout.jsonl')],
    });
    workbench = await openWindow(editor);
    await workbench.startExtension();
  });
  afterAll(() => editor?.close());

  it('dataset, with the preview of its mapping', async () => {
    for (const theme of themeNames) {
      await inTheme(editor, workbench, theme);
      await workbench.command('SuperRL: Start Training');
      await workbench.quickInputTitle('dataset').waitFor();
      await workbench.quickPickRow('train.jsonl').first().waitFor();
      for (const row of ['Built-in example', 'heldout.jsonl', 'train.jsonl']) {
        await workbench.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: row }).waitFor();
        if (row !== 'train.jsonl') await workbench.page.keyboard.press('ArrowDown');
      }
      await workbench.quickPickRow(/rows/).first().waitFor();
      await picture(workbench, `start-dataset-${theme}`, { clip });
      await workbench.page.keyboard.press('Escape');
    }
  });

  it('traces, reward, model', async () => {
    await inTheme(editor, workbench, 'dark');
    await workbench.command('SuperRL: Start Training');
    await workbench.quickInputTitle('dataset').waitFor();
    await workbench.pick('train.jsonl');
    await workbench.quickInputTitle('offline traces').waitFor();
    await workbench
      .quickPickRow(/traces for/)
      .first()
      .waitFor();
    await picture(workbench, 'start-traces', { clip });
    await workbench.pick('From the dataset');
    await workbench.quickInputTitle('reward').waitFor();
    await workbench.quickPickRow('gsm8k').first().waitFor();
    await picture(workbench, 'start-reward', { clip });
    await workbench.pick('gsm8k');
    await workbench.quickInputTitle('model').waitFor();
    await workbench.quickPickRow('a small model from scratch').first().waitFor();
    await picture(workbench, 'start-model', { clip });
    await workbench.pick('a small model from scratch');
    await workbench.dashboard().name.waitFor();
    await workbench.editorTab('train.superrl.json').first().click();
    await sleep(1500);
    await picture(workbench, 'start-run-file');
  });
});
