// The path of a new user through "reward is 0 and nobody knows why", with the seconds that each step took on the way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Editor, patient } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';
import { openEditor, openWindow, picture } from './picture';

describe('a broken reward', () => {
  let editor: Editor;
  let workbench: Workbench;
  let began = 0;

  beforeAll(async () => {
    editor = await openEditor({ workspace: {} });
    workbench = await openWindow(editor);
    await workbench.startExtension();
  });
  afterAll(() => editor?.close());

  const tell = (what: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0)} s: ${what}`);
  const variables = async () => {
    const text = await workbench.page.locator('.debug-variables').first().textContent();
    return (text ?? '').replaceAll(/\s/g, '');
  };

  it('is found', async () => {
    began = performance.now();
    await workbench.command('SuperRL: Open Example of a Broken Reward');
    await workbench.codeLens('Start Training').waitFor();
    tell('the example is open');
    await picture(workbench, 'broken-1-run-file');
    await workbench.codeLens('Start Training').click();
    await workbench.dashboard().name.waitFor();
    await workbench.dashboard().locator('.alarm-banner:not([hidden])').waitFor();
    tell('the alarm is there');
    await picture(workbench, 'broken-2-alarm');
    await workbench.dashboard().button('Show the step').click();
    await workbench.dashboard().locator('.completion', { hasText: 'same as the trace' }).first().waitFor();
    tell('its samples');
    await picture(workbench, 'broken-3-samples');
    await workbench
      .dashboard()
      .locator('.completion', { hasText: 'same as the trace' })
      .first()
      .locator('vscode-button', { hasText: 'Debug reward' })
      .click();
    await workbench.page.locator('.debug-top-stack-frame-line').first().waitFor();
    tell('the debugger stands in the function');
    await sleep(1500);
    await picture(workbench, 'broken-4-debugger');
    await workbench.page.keyboard.press('F10');
    await expect.poll(variables, patient).toMatch(/answer=\d+/);
    await workbench.page.keyboard.press('F10');
    await expect.poll(variables, patient).toMatch(/found='\d+'/);
    tell('two lines on: a text and a number');
    await picture(workbench, 'broken-5-variables');
  });

  it('is mended', async () => {
    const file = join(editor.workspace, 'superrl-broken-reward/reversed.reward.ts');
    const lines = readFileSync(file, 'utf8').split('\n');
    await workbench.goToLine(1 + lines.findIndex((line) => line.includes('found === answer')));
    await workbench.page.keyboard.press('Home');
    await workbench.page.keyboard.press('Shift+End');
    await workbench.page.keyboard.insertText('return found === String(answer) ? 1 : 0;');
    await workbench.page.keyboard.press('Control+s');
    await workbench.page.keyboard.press('Control+Shift+F5');
    await expect.poll(variables, patient).not.toMatch(/found='\d+'/);
    await workbench.page.locator('.debug-top-stack-frame-line').first().waitFor();
    await workbench.page.keyboard.press('F5');
    await workbench.notification(/reversed on step \d+.*: 1/).waitFor();
    tell('mended');
    await picture(workbench, 'broken-6-mended');
  });

  it('is scored anew', async () => {
    await workbench.command('Notifications: Clear All Notifications');
    await workbench.showExplorer();
    await workbench.page.keyboard.press('Control+j');
    await workbench.codeLens('Rescore run').click();
    await workbench.page.locator('.monaco-diff-editor .view-line span').first().waitFor();
    await sleep(2000);
    await picture(workbench, 'broken-7-rescored');
  });

  it('is kept as a fixture', async () => {
    await workbench.editorTab('broken-reward-').first().click();
    await workbench.dashboard().tab('Samples').click();
    await workbench.dashboard().locator('.group-row', { hasText: 'trace not rewarded' }).first().click();
    const beaker = 'vscode-button[aria-label="Save as a reward fixture"]';
    await workbench.dashboard().locator(`.contradicts-trace ${beaker}`).first().click();
    await workbench.quickInput().fill('1');
    await workbench.page.keyboard.press('Enter');
    await workbench.editorTab('reversed.reward.json').waitFor();
    await workbench.command('Test: Run All Tests');
    await workbench.command('Testing: Focus on Test Explorer View');
    await sleep(6000);
    await picture(workbench, 'broken-8-fixtures');
  });
});
