// A person's own dataset and traces through the four QuickPicks, as JSONL and as Parquet, with the preview of how they
// are understood; the run file that comes of it says so and starts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { parseRunFile } from '../../backend/protocol/run-file';
import { Editor, patient } from './editor';
import { stepsOf } from './run-folder';
import type { Workbench } from './workbench';

const rows = Array.from({ length: 80 }, (_, index) => ({ question: `${index}+1=`, answer: String(index + 1) }));
const jsonl = (list: readonly unknown[]) => `${list.map((row) => JSON.stringify(row)).join('\n')}\n`;

describe('a dataset and traces of one’s own', () => {
  let editor: Editor;
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await editor.picture(task.name);
    await editor.close();
  });

  async function pickThrough(workbench: Workbench, dataset: string, preview: RegExp, traces: string): Promise<void> {
    await workbench.command('SuperRL: Start Training');
    await workbench.quickInputTitle('dataset').waitFor();
    await workbench.quickPickRow(dataset).first().waitFor();
    await workbench.quickInput().fill(dataset);
    await expect.poll(() => workbench.quickPickRow(dataset).first().textContent(), patient).toMatch(preview);
    await workbench.page.keyboard.press('Enter');
    await workbench.quickInputTitle('offline traces').waitFor();
    await workbench.pick(traces);
    await workbench.quickInputTitle('reward').waitFor();
    await workbench.pick('exact');
    await workbench.quickInputTitle('model').waitFor();
    await workbench.pick('a small model from scratch');
    await workbench.dashboard().name.waitFor();
    await expect.poll(() => workbench.dashboard().step(), patient).toBeGreaterThan(0);
  }

  it('works with JSONL, traces in a file of their own, and a held-out file beside it', async () => {
    editor = await Editor.open({
      workspace: {
        'sums/train.jsonl': jsonl(rows),
        'sums/heldout.jsonl': jsonl(rows.slice(0, 20).map((row) => ({ ...row, question: `0${row.question}` }))),
        'sums/traces.jsonl': jsonl(rows.map(({ question, answer }) => ({ prompt: question, completion: answer }))),
      },
    });
    const workbench = await editor.window();
    await pickThrough(workbench, 'train.jsonl', /question.*80 rows/, 'traces.jsonl');
    const folder = join(editor.workspace, 'sums');
    const text = readFileSync(join(folder, 'train.superrl.json'), 'utf8');
    const { parsed } = parseRunFile(text, 'train.superrl.json');
    expect(parsed).toMatchObject({
      method: 'superrl',
      data: { train: 'train.jsonl', eval: 'heldout.jsonl' },
      traces: { path: 'traces.jsonl', join: 'prompt' },
      rewards: [{ name: 'exact', use: 'exact' }],
    });
    expect(text).toContain('// ');
    const [run] = editor.runs(join(folder, 'runs'));
    expect(stepsOf(run!).length).toBeGreaterThan(0);
  });

  it('works with Parquet and its own column of traces', async () => {
    const parquet = 'countdown-snappy.parquet';
    editor = await Editor.open({ workspace: {}, copyFiles: [join(inject('root'), 'test/fixtures/data', parquet)] });
    const workbench = await editor.window();
    await pickThrough(workbench, parquet, /Countdown.*rows/, 'From the dataset');
    const text = readFileSync(join(editor.workspace, 'countdown-snappy.superrl.json'), 'utf8');
    const { parsed } = parseRunFile(text, 'countdown-snappy.superrl.json');
    expect(parsed).toMatchObject({ data: { train: parquet }, rewards: [{ use: 'exact' }] });
    // A step of these long prompts takes minutes: what the run file reads is asked of the program instead.
    const program = join(inject('root'), 'dist/superrl.mjs');
    const args = ['data', 'inspect', join(editor.workspace, 'countdown-snappy.superrl.json'), '--json'];
    const { examples } = JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' }));
    expect(examples[0].demonstrations[0]).toContain('<answer>');
    expect(examples[0].prompt).toContain('create an equation');
  });
});
