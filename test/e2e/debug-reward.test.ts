// The debugger on the reward of a stored completion, in the real workbench: the breakpoint in the person's own
// TypeScript is hit with the values of the chosen sample, an edit is seen after Restart, and the result is told when the
// function returns.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Editor, patient } from './editor';
import type { Workbench } from './workbench';

/** The first statement of `solved`. */
const firstLine = 'const expression = completion.slice';

describe('Debug Reward on Sample', { timeout: 600_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    editor = await Editor.open({ copy: join(inject('root'), 'examples/countdown') });
    trainTwoSteps(editor.workspace);
    workbench = await editor.window();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor?.close());

  const paused = () => workbench.page.locator('.debug-top-stack-frame-line');
  /** Without blanks, which the view draws by its style. */
  const variables = async () => {
    const text = await workbench.page.locator('.debug-variables').first().textContent();
    return (text ?? '').replaceAll(/\s/g, '');
  };
  /** The parameters of the function. */
  const openLocals = () =>
    workbench.page.locator('.debug-variables .monaco-list-row', { hasText: 'Local: solved' }).click();
  const shown = (completion: string) => `completion='${completion.replaceAll(/\s/g, '')}`;
  const file = () => join(editor.workspace, 'countdown.reward.ts');
  const lineOf = (text: string) =>
    readFileSync(file(), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text)) + 1;

  /** For lists longer than their view. */
  async function pickByTyping(text: string): Promise<void> {
    await workbench.quickPickRow('completion 1').first().waitFor();
    await workbench.quickInput().fill(text);
    await workbench.pick(text);
  }

  it('stops at the breakpoint with the values of the chosen completion', async () => {
    await workbench.startExtension();
    await workbench.openFile('countdown.reward.ts');
    await workbench.codeLens('mean 0 · σ=0 in 100 % of groups').waitFor();
    await workbench.codeLens('Debug on sample…').waitFor();
    await workbench.goToLine(lineOf(firstLine));
    await workbench.page.keyboard.press('F9');
    await workbench.command('SuperRL: Debug Reward on Sample');
    await workbench.pick('A step…');
    await workbench.pick('Step 2');
    await pickByTyping('step 2, group 3, completion 2');
    await paused().first().waitFor();
    await openLocals();
    const { group, completion } = stored(editor.runs()[0]!, 2, 2, 1);
    await expect.poll(variables, patient).toContain(shown(completion.text));
    expect(await variables()).toContain(`target:${String(group.columns.target)}`);
    await editor.picture('debug-reward');
  });

  it('starts over on the same sample after an edit, by the Restart button', async () => {
    await workbench.editorTab('countdown.reward.ts').click();
    await workbench.goToLine(lineOf(firstLine));
    await workbench.page.keyboard.press('Home');
    await workbench.page.keyboard.type('const edited = 6 * 7;');
    await workbench.page.keyboard.press('Enter');
    await workbench.page.keyboard.press('Control+s');
    await workbench.page.keyboard.press('Control+Shift+F5');
    await expect.poll(variables, patient).toContain('edited=42');
    await openLocals();
    const { completion } = stored(editor.runs()[0]!, 2, 2, 1);
    await expect.poll(variables, patient).toContain(shown(completion.text));
    await editor.picture('debug-reward-restarted');
  });

  it('tells what the function returned', async () => {
    await workbench.page.keyboard.press('F5');
    await workbench.notification(/solved on step 2, group 3, completion 2: 0/).waitFor();
    expect(editor.errors).toEqual([]);
  });
});

/** A real run of a tiny model: what its completions say does not matter here. */
function trainTwoSteps(folder: string): void {
  const small = ['model.scratch.hidden=32', 'model.scratch.layers=1', 'rollout.promptsPerStep=8', 'eval.prompts=2'];
  const changes = [...small, 'budget.steps=2'].flatMap((change) => ['--set', change]);
  const program = join(inject('root'), 'dist/superrl.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'train', join(folder, 'superrl.superrl.json'), ...changes],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`The run to debug failed:\n${stdout}\n${stderr}`);
}

interface StoredLine {
  kind: string;
  group: number;
  index: number;
  text: string;
  columns: Record<string, unknown>;
}

function stored(run: string, step: number, group: number, index: number) {
  const file = join(run, 'samples', `step-${String(step).padStart(6, '0')}.jsonl`);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): StoredLine => JSON.parse(line));
  const found = lines.filter((line) => line.group === group);
  return {
    group: found.find(({ kind }) => kind === 'group')!,
    completion: found.find((line) => line.kind === 'completion' && line.index === index)!,
  };
}
