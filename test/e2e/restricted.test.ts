// A folder that is not trusted: its runs can be looked at, and nothing of it is executed, a hostile nodePath included.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Editor, patient } from './editor';
import { smallRun } from './small-run';
import type { Workbench } from './workbench';

describe('restricted mode', () => {
  let editor: Editor;
  let workbench: Workbench;
  const marker = () => join(editor.root, 'executed');

  beforeAll(async () => {
    editor = await Editor.open({ workspace: smallRun({ budget: { steps: 30 } }), trust: true });
    for (const [path, text] of Object.entries(hostileFiles(marker())))
      writeFileSync(join(editor.workspace, path), text);
    const [extension] = readdirSync(join(editor.root, 'data/ext')).filter((name) => name.startsWith('superrl.'));
    const script = join(editor.root, 'data/ext', extension!, 'dist/superrl.mjs');
    expect(spawnSync(process.execPath, [script, 'train', 'small.superrl.json'], { cwd: editor.workspace }).status).toBe(
      0,
    );
    const hostile = join(editor.workspace, 'node');
    writeFileSync(hostile, `#!/bin/sh\ntouch ${marker()}\necho v22.0.0\n`);
    chmodSync(hostile, 0o755);
    const settings = { 'superrl.nodePath': hostile, 'superrl.pythonPath': hostile };
    editor.writeSettings(settings);
    workbench = await editor.window();
    await workbench.statusBarItem('Restricted Mode').waitFor();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor.close());

  it('shows the runs and their dashboards', async () => {
    await workbench.showView();
    await workbench.openRun(/small.*finished/);
    await expect.poll(() => workbench.dashboard().step(), patient).toBe(30);
    expect(await workbench.dashboard().reason.textContent()).toContain('Restricted mode');
    expect(await workbench.dashboard().button('Resume').isVisible()).toBe(false);
    expect(await workbench.dashboard().button('Stop').isVisible()).toBe(false);
  });

  it('offers nothing that would start a process', async () => {
    for (const title of ['Start Training', 'Probe Sparsity', 'Audit Traces', 'Try Model', 'Engine Doctor']) {
      expect(await workbench.offers(`SuperRL: ${title}`), title).toBe(false);
    }
    expect(await workbench.offers('SuperRL: Open Dashboard')).toBe(true);
  });

  it('opens a run file, its reward and its data, and runs none of them', async () => {
    await workbench.showExplorer();
    for (const file of ['hostile.superrl.json', 'hostile.reward.mjs', 'train.jsonl']) await workbench.openFile(file);
    await workbench.showView();
    await workbench.treeRow('hostile').first().waitFor();
  });

  it('uses the read-only server and never ran what the folder’s settings name', () => {
    expect(readdirSync(editor.state).filter((name) => name.endsWith('.json'))).toEqual(['server-1-read-only.json']);
    expect(existsSync(marker())).toBe(false);
  });
});

/** Whatever would execute one of these leaves the marker. */
function hostileFiles(marker: string): Record<string, string> {
  const { 'small.superrl.json': text = '' } = smallRun({
    name: 'hostile',
    rewards: [{ name: 'hostile', file: 'hostile.reward.mjs', export: 'hostile' }],
  });
  return {
    'hostile.superrl.json': text,
    'hostile.reward.mjs': `import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(marker)}, 'imported');
export function hostile() {
  return 0;
}
`,
  };
}
