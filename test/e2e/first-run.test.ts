// A fresh profile, a person's first minutes: the built-in example from the palette, curves that move, a sample read,
// pause and resume, the window reloaded in the middle of the run with no event lost or doubled, stop, and the ended run
// opened again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseRunFile } from '../../backend/protocol/run-file';
import { numberText } from '../../webview/ui/number-text';
import { Editor, patient } from './editor';
import type { Workbench } from './workbench';

describe('a fresh profile and the built-in example', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    editor = await Editor.open({ workspace: {} });
    workbench = await editor.window();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor.close());

  const dashboard = () => workbench.dashboard();
  const run = () => editor.runs(join(editor.workspace, 'superrl-example/runs'))[0]!;
  const events = () =>
    readFileSync(join(run(), 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map(
        (
          line,
        ): { seq: number; type: string; data: { state?: string; step?: number; values?: Record<string, number> } } =>
          JSON.parse(line),
      );
  const states = () => events().flatMap(({ type, data }) => (type === 'state' ? [data.state] : []));

  it('starts a run from the palette with four times Enter', async () => {
    await workbench.command('SuperRL: Start Training');
    for (const step of ['dataset', 'offline traces', 'reward', 'model']) {
      await workbench.quickInputTitle(step).waitFor();
      await workbench.accept('Built-in example');
    }
    await dashboard().name.waitFor();
    await expect.poll(() => dashboard().name.textContent(), patient).toMatch(/^countdown/);
  });

  it('moves its curves', async () => {
    await expect.poll(() => dashboard().step(), patient).toBeGreaterThan(1);
    expect(await dashboard().charts.count()).toBeGreaterThan(3);
    const before = await dashboard().step();
    await expect.poll(() => dashboard().step(), patient).toBeGreaterThan(before);
    expect(await workbench.statusBarItem(/countdown.*step \d+/).count()).toBe(1);
    await editor.picture('curves');
  });

  it('shows the samples of a step, and one of them whole', async () => {
    // Anywhere in the strip: the step there is chosen, its samples are shown.
    await dashboard().locator('.u-over').first().click();
    await dashboard().tab('Samples').click();
    await dashboard().locator('.group-row').first().waitFor();
    await dashboard().locator('.group-row').first().click();
    await dashboard().locator('.completions .model-text').first().waitFor();
    const runFile = readFileSync(join(editor.workspace, 'superrl-example/superrl.superrl.json'), 'utf8');
    const k = parseRunFile(runFile, 'superrl.superrl.json').parsed?.rollout.k;
    expect(await dashboard().locator('.completions .model-text').count()).toBe(k);
    expect(await dashboard().locator('.trace .model-text').first().textContent()).toContain('=');
    await editor.picture('samples');
    await workbench.command('SuperRL: Open Sample');
    await workbench.pick('Step 1');
    await workbench.pick('Group 1:');
    await workbench.pick('The whole group');
    await workbench.editorTab('step 1 group 1.md').waitFor();
    await expect.poll(() => workbench.editorText(), patient).toContain('Completion 1');
    await workbench.editorTab('countdown').first().click();
  });

  it('pauses and resumes', async () => {
    await dashboard().button('Pause').click();
    await expect.poll(() => dashboard().state.textContent(), patient).toBe('Paused');
    expect(states().at(-1)).toBe('paused');
    const step = await dashboard().step();
    await dashboard().button('Resume').click();
    await expect.poll(() => dashboard().step(), patient).toBeGreaterThan(step);
    expect(states().at(-1)).toBe('running');
  });

  it('is there again after the window is reloaded in the middle of the run', async () => {
    await workbench.reload();
    await dashboard().name.waitFor();
    await expect.poll(() => dashboard().state.textContent(), patient).toBe('Running');
    const step = await dashboard().step();
    await expect.poll(() => dashboard().step(), patient).toBeGreaterThan(step);
  });

  it('stops, saved, with every event once and in order', async () => {
    await workbench.command('SuperRL: Stop');
    await expect.poll(() => states().at(-1), patient).toMatch(/finished|interrupted/);
    const told = events();
    expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => index + 1));
    const steps = told.flatMap(({ type, data }) => (type === 'metrics' ? [data.step] : []));
    expect(steps).toEqual(steps.map((_, index) => index + 1));
    await expect.poll(() => dashboard().step(), patient).toBe(steps.length);
    // The window has them once too, before and after it was reloaded.
    await dashboard().tab('Charts').click();
    await dashboard().locator('vscode-button[aria-label="Data table: Reward"]').click();
    const rewards = told.flatMap(({ type, data }) =>
      type === 'metrics' ? [data.values?.['rewards/solved/mean']] : [],
    );
    const rows = rewards.slice(0, 100).map((reward, index) => `${index + 1}${numberText(reward)}`);
    await expect.poll(() => dashboard().locator('.data-table tbody tr').allTextContents(), patient).toEqual(rows);
    expect(await dashboard().locator('.data-table [role="status"]').textContent()).toContain(`of ${rewards.length}`);
    const decisions = told.filter(({ type, data }) => type === 'decision' && data.step === steps.length);
    const counts = await dashboard().locator('.strip-reasons b').allTextContents();
    expect(counts.reduce((sum, text) => sum + Number.parseInt(text, 10), 0)).toBe(decisions.length);
  });

  it('opens the ended run again', async () => {
    await workbench.closeAllEditors();
    await workbench.showView();
    await workbench.openRun(/countdown-\d/);
    await expect.poll(() => dashboard().step(), patient).toBe(events().filter(({ type }) => type === 'metrics').length);
    expect(await workbench.notification(/defect/).count()).toBe(0);
    expect(editor.errors).toEqual([]);
  });
});
