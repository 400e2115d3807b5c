// A stored completion kept as a fixture: from the dashboard into `*.reward.json`, from there into the Testing view, where
// it is run and debugged; a terminal gives the same verdict on the same file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RewardFixtureFile } from '../../backend/protocol/reward-fixture';
import type { SampleCompletion } from '../../backend/protocol/sample';
import { DebugView } from './debug-view';
import { answerOf, digitRewards, rewrite, sampleAt, scoreOf, superrl, trainAndDeleteData } from './digit-rewards';
import { Editor, patient } from './editor';
import { TestingView } from './testing-view';
import type { Workbench } from './workbench';

describe('reward fixtures', { timeout: 300_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;
  let debug: DebugView;
  let testing: TestingView;
  const file = (name: string) => join(editor.workspace, name);
  const run = () => editor.runs()[0] ?? '';
  /** The only case of the file. */
  const fixture = () => {
    const { cases }: RewardFixtureFile = JSON.parse(readFileSync(file('typed.reward.json'), 'utf8'));
    expect(cases.length).toBe(1);
    return cases[0]!;
  };
  const stored = (): SampleCompletion => sampleAt(run(), fixture().name ?? '');
  const inTerminal = () => superrl(editor.workspace, 'reward', 'test', 'typed.reward.json');

  beforeAll(async () => {
    editor = await Editor.open({ workspace: digitRewards() });
    trainAndDeleteData(editor.workspace);
    workbench = await editor.window();
    debug = new DebugView(workbench);
    testing = new TestingView(workbench);
    await workbench.startExtension();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await editor.picture(task.name);
    await debug.stop();
  });
  afterAll(() => editor?.close());

  it('are made of a completion, with what the reward said of it', async () => {
    await workbench.showView();
    await workbench.openRun(/digits/);
    await workbench.dashboard().tab('Samples').click();
    const card = workbench.dashboard().locator('.completion:not(.invalid)').first();
    const text = (await card.locator('.model-text').textContent()) ?? '';
    await card.locator('vscode-button[aria-label="Save as a reward fixture"]').click();
    await workbench.quickInputTitle('Fixture of typed').waitFor();
    await workbench.page.keyboard.press('Enter');
    await workbench.editorTab('typed.reward.json').waitFor();
    expect(fixture()).toMatchObject({ completion: text, answer: answerOf(run(), stored()) });
    expect(fixture().expected).toBe(scoreOf(stored(), 'typed'));
  });

  it('pass in the Testing view and in a terminal', async () => {
    await testing.show();
    await testing.openSuite('typed.reward.json');
    await testing.run(fixture().name ?? '');
    await testing.has(fixture().name ?? '', 'Passed');
    expect(inTerminal()).toMatchObject({ status: 0, stdout: expect.stringMatching(/\b1 passed$/m) });
  });

  it('stop the debugger with their completion', async () => {
    await testing.debug(fixture().name ?? '');
    await debug.standsAt(file('typed.reward.ts'), 'const start');
    await debug.showsParameter('typed', `completion='${fixture().completion}'`);
    await debug.showsParameter('typed', `answer='${fixture().answer}'`);
    await editor.picture('debug-from-testing');
    await debug.goOn();
    await workbench.notification(`typed.reward.ts on “${fixture().name}”: ${fixture().expected}`).waitFor();
    await debug.hasEnded();
  });

  it('fail with what was expected and what came, in both places', async () => {
    const right = fixture().expected;
    rewrite(file('typed.reward.json'), `"expected": ${right}`, '"expected": 0.25');
    const message = `expected 0.25, got ${right}`;
    await testing.show();
    await testing.run(fixture().name ?? '');
    await testing.has(fixture().name ?? '', 'Failed');
    await testing.showsResult(message);
    await editor.picture('fixture-failed');
    expect(inTerminal()).toMatchObject({ status: 1, stdout: expect.stringContaining(`${fixture().name}: ${message}`) });
    rewrite(file('typed.reward.json'), '"expected": 0.25', `"expected": ${right}`);
    await testing.run(fixture().name ?? '');
    await testing.has(fixture().name ?? '', 'Passed');
    await expect.poll(() => editor.processes('reward-host'), patient).toEqual([]);
    expect(editor.errors).toEqual([]);
  });
});
