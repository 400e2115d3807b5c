// npm run bench:typing: typing in a JSONL file of 45 MB (450,000 rows) that a run has used, in the real extension host: how
// long it is blocked, with outcomes behind the rows and without. On a busy machine only the processor time tells.
import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { Editor } from '../e2e/editor';
import { runSuite } from '../e2e/suite-in-host';

const rows = 450_000;
let editor: Editor;

beforeAll(async () => {
  const line = (n: number, text = '') => `${JSON.stringify({ prompt: `${n}>${text}`, answer: `${n}` })}\n`;
  const run = {
    ...{ name: 'small', model: { scratch: { hidden: 32, layers: 1, heads: 2, context: 16 } }, budget: { steps: 2 } },
    ...{ data: { train: 'train.jsonl' }, method: 'rl', rewards: [{ name: 'same', use: 'exact' }], seed: 1 },
    rollout: { promptsPerStep: 6, k: 4, maxNewTokens: 2 },
  };
  const train = Array.from({ length: 6 }, (_, n) => line(n)).join('');
  editor = await Editor.open({ workspace: { 'train.jsonl': train, 'small.superrl.json': JSON.stringify(run) } });
  const program = join(inject('root'), 'dist/superrl.mjs');
  const trained = spawnSync(process.execPath, [program, 'train', join(editor.workspace, 'small.superrl.json')], {
    encoding: 'utf8',
  });
  if (trained.status !== 0) throw new Error(trained.stderr);
  // The run has used the first rows; now there are more of them.
  const padding = ' how many apples are in so many crates of the same size each, and why?';
  for (let from = 6; from < rows; from += 50_000) {
    const more = Array.from({ length: Math.min(50_000, rows - from) }, (_, n) => line(from + n, padding));
    appendFileSync(join(editor.workspace, 'train.jsonl'), more.join(''));
  }
});
afterAll(() => editor?.close());

it('types in 45 MB with outcomes and without', { timeout: 600_000 }, async () => {
  const { code, told, log } = await runSuite(editor, 'typing-suite');
  for (const line of log) if (line.startsWith('figure:')) console.log(line);
  expect(told).toEqual(['passed: typing in 45 MB']);
  expect(code).toBe(0);
});
