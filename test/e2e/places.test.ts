// Where the extension has to make do: no folder open, and no node on the PATH.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Editor, patient } from './editor';
import { smallRun } from './small-run';
import { toolsWithoutNode } from './tools-without-node';

describe('places', () => {
  let editor: Editor;
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
    await editor.close();
  });

  it('with no folder open, asks where the example goes', async () => {
    editor = await Editor.open({ workspace: false });
    const workbench = await editor.window();
    await workbench.command('SuperRL: Open Example');
    await workbench.quickInputTitle('superrl-example').waitFor();
    await workbench.quickInput().fill(`${editor.workspace}/`);
    await workbench.page.getByRole('button', { name: 'Put Example Here' }).click();
    await workbench.page
      .locator('.explorer-folders-view .monaco-list-row', { hasText: 'countdown.reward.ts' })
      .waitFor();
  });

  it('with no node on the PATH, trains on the editor’s own executable', async () => {
    editor = await Editor.open({ workspace: smallRun(), path: (root) => toolsWithoutNode(join(root, 'bin')) });
    const workbench = await editor.window();
    await workbench.startRunFile('small.superrl.json');
    await expect.poll(() => workbench.dashboard().step(), patient).toBeGreaterThan(5);
    await workbench.command('SuperRL: Engine Doctor');
    await expect.poll(() => workbench.editorText(), patient).toContain('There is no node on the PATH');
  });
});
