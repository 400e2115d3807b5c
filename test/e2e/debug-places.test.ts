// Stored completions under the debugger where little is left: the dataset is deleted and there is no node on the PATH.
// A reward in TypeScript on samples chosen in every way there is, one in JavaScript from its lens, one in Python without
// the extension that it needs; failures as problems at their line.
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SampleCompletion } from '../../backend/protocol/sample';
import { DebugView } from './debug-view';
import {
  answerOf,
  completionsOf,
  digitRewards,
  rewrite,
  sampleAt,
  scoreOf,
  steps,
  trainAndDeleteData,
} from './digit-rewards';
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

  /** Opens the list of completions by the lens; the first one of it, as stored. */
  async function first(order: string): Promise<SampleCompletion> {
    await workbench.codeLens('Debug on sample…').first().click();
    await workbench.pick(order);
    const place = workbench.quickPickRow('completion').first().locator('.label-description');
    return sampleAt(run(), (await place.textContent()) ?? '');
  }

  /** The debugger stands in the function with this completion as its input; the function then says what is stored. */
  async function isDebugged(sample: SampleCompletion): Promise<void> {
    await debug.standsAt(file('typed.reward.ts'), 'const start');
    await debug.showsParameter('typed', `completion='${sample.text}'`);
    await debug.showsParameter('typed', `answer='${answerOf(run(), sample)}'`);
    await debug.goOn();
    const { step, group, index } = sample;
    const said = scoreOf(sample, 'typed') ?? 'invalid \\(threw\\): Error: nothing was written';
    const place = `typed on step ${step}, group ${group + 1}, completion ${index + 1}`;
    await workbench.notification(new RegExp(`${place}: ${said}(?![.\\d])`)).waitFor();
    await debug.hasEnded();
    await workbench.command('Notifications: Clear All Notifications');
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

  it('debugs a failure from its problem', async () => {
    await workbench.editorTab('typed.reward.ts').first().click();
    const [newest] = completionsOf(run()).filter((each) => scoreOf(each, 'typed') === undefined);
    await workbench.goToLine(8);
    await workbench.quickFix('Debug on this completion');
    await isDebugged(newest!);
  });

  it('stops on the lowest, the highest and a disagreeing sample', async () => {
    const values = completionsOf(run()).flatMap((each) => scoreOf(each, 'typed') ?? []);
    const [lowest, highest] = [Math.min(...values), Math.max(...values)];
    expect(highest).toBeGreaterThan(lowest);
    for (const [order, value] of [['Lowest reward', lowest] as const, ['Highest reward', highest] as const]) {
      const sample = await first(order);
      expect(scoreOf(sample, 'typed')).toBe(value);
      await workbench.quickPickRow('completion').first().click();
      await isDebugged(sample);
    }
    const sample = await first('Disagreeing');
    const others = completionsOf(run()).filter(({ step, group }) => step === sample.step && group === sample.group);
    expect(others.map((each) => scoreOf(each, 'typed'))).not.toEqual(others.map(() => scoreOf(sample, 'typed')));
    await workbench.quickPickRow('completion').first().click();
    await isDebugged(sample);
  });

  it('stops on a sample of a chosen step', async () => {
    await workbench.codeLens('Debug on sample…').first().click();
    await workbench.pick('A step…');
    await workbench.pick('Step 2');
    await workbench.quickPickRow('step 2, group 1').first().waitFor();
    await workbench.quickInput().fill('step 2, group 3, completion 2');
    await workbench.pick('step 2, group 3, completion 2');
    await isDebugged(sampleAt(run(), 'step 2, group 3, completion 2'));
  });

  it('stops in JavaScript from its lens, and starts over with the edited file', async () => {
    await workbench.showExplorer();
    await workbench.openFile('plain.reward.js');
    await workbench.goToLine(3);
    await workbench.page.keyboard.press('F9');
    const sample = await first('Highest reward');
    expect(sample.text.length).toBe(4);
    await workbench.quickPickRow('completion').first().click();
    await debug.standsAt(file('plain.reward.js'), 'return length');
    await debug.showsParameter('plain', `completion='${sample.text}'`);
    await debug.shows('length=4');
    rewrite(file('plain.reward.js'), 'completion.length;', 'completion.length + 100;');
    await debug.restart();
    await debug.shows('length=104');
    await debug.standsAt(file('plain.reward.js'), 'return length');
    await debug.goOn();
    await workbench.notification(/plain on step 3, group \d+, completion \d+: 26/).waitFor();
    expect(await workbench.notification(/plain on step 3, group \d+, completion \d+: 1(?![\d.])/).count()).toBe(0);
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

  it('says what a reward in Python needs before it can be debugged', async () => {
    await workbench.showExplorer();
    await workbench.openFile('python.reward.py');
    await workbench.codeLens('Debug on sample…').first().click(); // and it asks for no sample
    const needs =
      'Debugging a reward in Python needs the extension Python Debugger (ms-python.debugpy), which is not installed or is disabled. Install it and debug again; the reward itself runs without it.';
    const message = workbench.notification(needs);
    await message.locator('.monaco-button', { hasText: 'Show Extension' }).waitFor();
    await debug.hasEnded();
    expect(editor.errors).toEqual([]);
  });
});
