// A finished run in the workbench: its dashboard, samples, views, its outcomes in the dataset, and the comparison with
// another run.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import type { Editor } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';
import { inTheme, openEditor, openWindow, picture, themeNames } from './picture';
import { copyRun } from './stored-runs';

const run = /superrl-1-\d/;

describe('a finished run', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    editor = await openEditor({ copy: join(inject('root'), 'examples/countdown') });
    copyRun('superrl', editor.workspace, 1);
    workbench = await openWindow(editor);
    await workbench.showView();
    await workbench.treeRow(run).waitFor();
  });
  afterAll(() => editor?.close());

  const open = (row: string | RegExp) => workbench.treeRow(row).first().locator('.monaco-tl-twistie').click();

  it('views', async () => {
    await open('countdown.reward.ts');
    await open('superrl.superrl.json');
    await open(/^train/);
    await open(/^traces/);
    await open(run);
    await sleep(4000);
    for (const theme of themeNames) {
      await inTheme(editor, workbench, theme);
      await picture(workbench, `views-${theme}`, { clip: { x: 0, y: 0, width: 348, height: 778 } });
    }
    await open(run);
  });

  it('dashboard', async () => {
    await workbench.openRun(run);
    await workbench.dashboard().charts.first().waitFor();
    await sleep(3000);
    for (const theme of themeNames) {
      await inTheme(editor, workbench, theme);
      await picture(workbench, `dashboard-${theme}`);
    }
  });

  it('samples', async () => {
    await inTheme(editor, workbench, 'dark');
    await workbench.dashboard().tab('Samples').click();
    await workbench.dashboard().locator('.group-row', { hasText: '2 of 4 solved' }).first().click();
    await sleep(2000);
    await workbench.command('View: Toggle Primary Side Bar Visibility');
    for (const theme of themeNames) {
      await inTheme(editor, workbench, theme);
      await picture(workbench, `samples-${theme}`);
    }
    await workbench.command('View: Toggle Primary Side Bar Visibility');
  });

  it('outcomes in the dataset', async () => {
    await inTheme(editor, workbench, 'dark');
    await workbench.showExplorer();
    await workbench.openFile('train.jsonl');
    await workbench.command('View: Toggle Primary Side Bar Visibility');
    await sleep(8000);
    await workbench.page
      .locator('.view-line')
      .nth(3)
      .hover({ position: { x: 60, y: 8 } });
    await workbench.page.locator('.monaco-hover:visible', { hasText: 'group' }).waitFor();
    await picture(workbench, 'inline', { keepMouse: true });
  });

  it('comparison', async () => {
    copyRun('rl', editor.workspace, 1260);
    await workbench.closeAllEditors();
    await workbench.showView(); // which brings the side bar back
    await workbench.treeRow(/rl-1-\d.*223/).waitFor();
    await workbench.command('SuperRL: Compare Runs');
    await workbench.quickPickRow('rl-1').first().waitFor();
    for (const row of [0, 1]) await workbench.quickPickRow('rl-1').nth(row).click();
    await workbench.page.keyboard.press('Enter');
    await workbench.webview().locator('.uplot canvas').first().waitFor();
    await workbench.command('View: Toggle Primary Side Bar Visibility');
    await workbench.webview().locator('vscode-dropdown').first().click();
    await workbench.webview().locator('vscode-option', { hasText: 'tokens' }).click();
    await sleep(3000);
    await picture(workbench, 'compare');
  });
});
