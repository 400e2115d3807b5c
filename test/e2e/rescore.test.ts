// Rescore Run after an edit: old and new side by side with the decisions of the switch that would have been others; and
// cancelled in the middle of a long one, which leaves nothing behind.
import { linkSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { completionsOf, digitRewards, groupsOf, rewrite, scoreOf, steps, trainAndDeleteData } from './digit-rewards';
import { Editor, patient } from './editor';
import type { Workbench } from './workbench';

/** Steps of the long run: 64 completions each. */
const manySteps = 400;
const body = 'export function typed({ completion, answer }: Sample): number {';
const slow = `export async function typed({ completion, answer }: Sample): Promise<number> {
  await new Promise((done) => setTimeout(done, 5));`;
/** Negative where the answer is odd: there no completion succeeds any more. */
const strict = `${body}
  if (Number(answer) % 2 === 1) return -10;`;

describe('Rescore Run', { timeout: 300_000 }, () => {
  let editor: Editor;
  let workbench: Workbench;
  const reward = () => join(editor.workspace, 'typed.reward.ts');
  const run = () => editor.runs()[0] ?? '';

  beforeAll(async () => {
    editor = await Editor.open({ workspace: digitRewards() });
    trainAndDeleteData(editor.workspace);
    workbench = await editor.window();
    await workbench.startExtension();
    await workbench.openFile('typed.reward.ts');
    await workbench.codeLens('Rescore run').first().waitFor();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
  });
  afterAll(() => editor?.close());

  const processes = () => [...editor.processes('reward-host'), ...editor.processes('computation')];

  /** Edits the file as another program would, and waits until the editor shows it. */
  async function edit(from: string, to: string): Promise<void> {
    rewrite(reward(), from, to);
    await expect.poll(() => workbench.editorText(), patient).toContain(to.split('\n')[1]?.trim() ?? to);
  }

  it('is cancelled in the middle of a long one, and leaves nothing behind', async () => {
    const file = (step: number) => join(run(), 'samples', `step-${String(step).padStart(6, '0')}.jsonl`);
    const added = Array.from({ length: manySteps - steps }, (_, index) => file(steps + 1 + index));
    for (const path of added) linkSync(file(steps), path);
    await edit(body, slow);
    const before = contentsOf(editor.workspace);
    const others = processes(); // one reads the workspace's data, and stays for a while
    await workbench.codeLens('Rescore run').first().click();
    const progress = workbench.notification(/Scoring .* with typed/);
    await expect.poll(() => progress.textContent(), patient).toMatch(/\d+ completions, to step \d+ of 400/);
    expect(editor.processes('reward-host').length).toBeGreaterThan(0);
    await editor.picture('rescoring');
    await progress.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await progress.waitFor({ state: 'detached' });
    await expect.poll(() => processes(), patient).toEqual(others);
    expect(contentsOf(editor.workspace)).toEqual(before);
    expect(await workbench.editorTab('as stored').count()).toBe(0);
    expect(await workbench.notification('').count()).toBe(0);
    for (const path of added) rmSync(path);
    rewrite(reward(), slow, body);
  });

  it('shows old and new side by side, and the decisions that would have been others', async () => {
    await workbench.openFile('typed.reward.ts');
    await edit(body, strict);
    const isOdd = (answer: unknown) => Number(answer) % 2 === 1;
    const groups = groupsOf(run()).reverse();
    const odd = groups.filter(({ answer }) => isOdd(answer));
    const others = odd.filter(({ decision }) => decision.kind !== 'sft');
    const changed = completionsOf(run()).filter(({ step, group }) =>
      odd.some((each) => each.step === step && each.group === group),
    );
    await workbench.codeLens('Rescore run').first().click();
    await workbench.editorTab('typed as stored').first().waitFor();
    const all = completionsOf(run()).length;
    const summary =
      `${all} completions scored anew by typed: ${changed.length} changed, ` +
      `${others.length} decisions of the switch would have been others.`;
    const heading = expect.stringMatching(/^Decisions of the switch \(\d+ × .+ → sft/);
    const shown = Math.min(others.length, 10);
    const lines = [...others].sort((a, b) => a.step - b.step || a.group - b.group).slice(0, shown);
    const place = (each: { step: number; group: number }) => `step ${each.step}, group ${each.group + 1}`;
    // polled whole: while the diff is laid out, one side may be scrolled and the other not yet
    const top = (side: string[]) => side.slice(0, 3 + shown);
    const topOfBoth = async () => {
      const { before, after } = await sides();
      return { before: top(before), after: top(after) };
    };
    await expect.poll(topOfBoth, patient).toEqual({
      before: [summary, '', heading, ...lines.map((each) => `${place(each)}: ${each.decision.kind}`)],
      after: [summary, '', heading, ...lines.map((each) => `${place(each)}: sft`)],
    });
    await editor.picture('rescored');
  });

  it('leads to the completion behind a line', async () => {
    const [firstOdd] = groupsOf(run())
      .filter(({ answer }) => Number(answer) % 2 === 1)
      .sort((a, b) => a.step - b.step || a.group - b.group);
    expect(firstOdd).toBeDefined();
    await workbench.page.locator('.monaco-diff-editor .editor.modified .view-lines').click();
    await workbench.page.keyboard.press('Control+End');
    const line = (await sides()).after.findLast((text) => text.includes('completion'));
    const [, step, group, completion] = /step (\d+), group (\d+), completion (\d+): -10/.exec(line ?? '') ?? [];
    const sample = completionsOf(run()).find(
      (each) => each.step === Number(step) && each.group === Number(group) - 1 && each.index === Number(completion) - 1,
    );
    expect(sample).toBeDefined();
    expect(scoreOf(sample!, 'typed')).not.toBe(-10);
    await workbench.page
      .locator('.monaco-diff-editor .editor.modified .view-line', { hasText: line ?? '' })
      .last()
      .click({ modifiers: ['Control'], position: { x: 30, y: 8 } });
    await workbench.editorTab(`step ${step} group ${group} completion ${completion}`).first().waitFor();
    expect(editor.errors).toEqual([]);
  });

  /** The lines in view of the diff, from the top. */
  async function sides(): Promise<{ before: string[]; after: string[] }> {
    const lines = (side: string) =>
      workbench.page.locator(`.monaco-diff-editor .editor.${side} .view-line`).evaluateAll((found) =>
        found
          .map((line) => ({ top: line.getBoundingClientRect().top, text: line.textContent ?? '' }))
          .sort((a, b) => a.top - b.top)
          .map(({ text }) => text.replaceAll('\u00a0', ' ')),
      );
    return { before: await lines('original'), after: await lines('modified') };
  }
});

/** Every file below the folder with its size and time. */
function contentsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => ({ path, ...statSync(join(folder, path)) }))
    .map(({ path, size, mtimeMs }) => `${path} ${size} ${mtimeMs}`)
    .sort();
}
