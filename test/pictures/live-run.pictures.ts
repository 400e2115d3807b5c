// The built-in example while it trains, started by four times Enter.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Editor } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';
import { openEditor, openWindow, picture } from './picture';

const steps = 12;

describe('a live run', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    editor = await openEditor({ workspace: {} });
    workbench = await openWindow(editor);
  });
  afterAll(() => editor?.close());

  it('dashboard', async () => {
    await workbench.command('SuperRL: Start Training');
    for (const step of ['dataset', 'offline traces', 'reward', 'model']) {
      await workbench.quickInputTitle(step).waitFor();
      await workbench.accept('Built-in example');
    }
    await workbench.dashboard().name.waitFor();
    for (let step = 0; step < steps; step = await workbench.dashboard().step()) await sleep(1000);
    await picture(workbench, 'live');
  });
});
