// Stored completions under the debugger where little is left: the dataset is deleted and there is no node on the PATH.
// A reward in JavaScript from its lens, one in TypeScript from the dashboard; failures as problems at their line.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DebugView } from './debug-view';
import { completionsOf, digitRewards, rewrite, scoreOf, steps, trainAndDeleteData } from './digit-rewards';
import { Editor, patient } from './editor';
import { toolsWithoutNode } from './tools-without-node';
import type { Workbench } from './workbench';

describe('stored completions, without dataset and node', { timeout: 300_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;
  let debug: DebugView;
  const file = (name: string) => join(editor.workspace, name);
  const run = () => editor.runs()[0] ?? '';

  beforeAll(async () => {
    editor = await Editor.open({ workspace: digitRewards(), path: (root) => toolsWithoutNode(join(root, 'bin')) });
    trainAndDeleteData(editor.workspace);
    workbench = await editor.window();
    debug = new DebugView(workbench);
    await workbench.startExtension();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await editor.picture(task.name);
    await debug.stop();
  });
  afterAll(() => editor?.close());

  /** Opens the list of completions by the lens; the text of the first. */
  async function first(order: string): Promise<string> {
    await workbench.codeLens('Debug on sample…').first().click();
    await workbench.pick(order);
    const row = workbench.quickPickRow('completion').first();
    return (await row.locator('.quick-input-list-label-meta').textContent()) ?? '';
  }

  it('names failures at their line, the completion one click away', async () => {
    await workbench.openFile('typed.reward.ts');
    const failed = completionsOf(run()).filter((each) => scoreOf(each, 'typed') === undefined).length;
    expect(failed).toBeGreaterThan(0);
    await workbench.codeLens(`${failed} failures`).waitFor();
    await workbench.command('Problems: Focus on Problems View');
    const problem = workbench.page.locator('.markers-panel .monaco-list-row', {
      hasText: 'Error: nothing was written',
    });
    await expect.poll(() => problem.first().textContent(), patient).toMatch(/typed is invalid on .*Ln 8, Col 27/);
    await workbench.page
      .locator('.markers-panel .monaco-list-row', { hasText: 'the completion: step 3' })
      .first()
      .dblclick();
    await workbench.editorTab(`step ${steps} group`).first().waitFor();
    await editor.picture('reward-problem');
  });

  it('stops in JavaScript from its lens, and starts over with the edited file', async () => {
    await workbench.openFile('plain.reward.js');
    await workbench.goToLine(3);
    await workbench.page.keyboard.press('F9');
    const [longest] = completionsOf(run()).filter(({ text }) => text.length === 4);
    expect(await first('Highest reward')).toContain(longest?.text);
    await workbench.quickPickRow('completion').first().click();
    await debug.standsAt(file('plain.reward.js'), 'return length');
    await debug.showsParameter('plain', `completion='${longest?.text}'`);
    await debug.shows('length=4');
    rewrite(file('plain.reward.js'), 'completion.length;', 'completion.length + 100;');
    await debug.restart();
    await debug.shows('length=104');
    await debug.standsAt(file('plain.reward.js'), 'return length');
    await debug.goOn();
    await workbench.notification(/plain on step 3, group \d+, completion \d+: 26/).waitFor();
    await debug.hasEnded();
  });

  it('stops in TypeScript from the dashboard, on the completion that was clicked', async () => {
    await workbench.showView();
    await workbench.openRun(/digits/);
    await workbench.dashboard().tab('Samples').click();
    const card = workbench.dashboard().locator('.completion:not(.invalid)').first();
    const text = (await card.locator('.model-text').textContent()) ?? '';
    await card.locator('vscode-button', { hasText: 'Debug reward' }).click();
    await debug.standsAt(file('typed.reward.ts'), 'const start');
    await debug.showsParameter('typed', `completion='${text}`);
    await editor.picture('debug-from-dashboard');
    await debug.goOn();
    await workbench.notification(/typed on step 3, group \d+, completion \d+: [01]/).waitFor();
    await debug.hasEnded();
  });
});
