// A reward that throws on some completions, hangs on others and returns NaN on others: what the person sees of it in the
// dashboard, the samples, the Problems view, the reward file, the Rewards view and the dataset.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, it } from 'vitest';
import type { Editor } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';
import { openEditor, openWindow, picture } from './picture';

/** It throws without a digit, never ends with a single one, and gives NaN or Infinity with two. */
const reward = `// The share of digits that stand in their place.

interface Sample {
  completion: string;
  row: { trace: string };
}

export function digitsInPlace({ completion, row }: Sample): number {
  const digits = completion.match(/\\d+/g)!.join('');
  let right = 0;
  for (let at = 0; at !== row.trace.length; at += digits.length > 1 ? 1 : 2) {
    if (digits[at] === row.trace[at]) right++;
  }
  return right / (digits.length - 2);
}
`;

const runFile = {
  name: 'digits',
  model: { scratch: { hidden: 64, layers: 2, heads: 4, context: 32 } },
  data: { train: 'train.jsonl' },
  traces: { map: { demonstration: 'trace' } },
  rewards: [{ name: 'in place', file: 'digits.reward.ts', timeoutMs: 500 }],
  rollout: { promptsPerStep: 16, k: 4, maxNewTokens: 4, stop: ['\n'] },
  update: { learningRate: 0.003 },
  budget: { steps: 40 },
  seed: 1,
};

describe('a failing reward', () => {
  let editor: Editor;
  let workbench: Workbench;

  beforeAll(async () => {
    const data = readFileSync(join(inject('root'), 'examples/broken-reward/train.jsonl'), 'utf8');
    editor = await openEditor({
      workspace: {
        'digits.reward.ts': reward,
        'digits.superrl.json': JSON.stringify(runFile, null, 2),
        'train.jsonl': data,
      },
    });
    workbench = await openWindow(editor);
  });
  afterAll(() => editor?.close());

  it('in the dashboard', async () => {
    await workbench.startRunFile('digits.superrl.json');
    await workbench.dashboard().locator('.alarm-banner:not([hidden])').waitFor({ timeout: 200_000 });
    await picture(workbench, 'failing-1-alarm');
    await workbench.dashboard().tab('Samples').click();
    await workbench.dashboard().locator('.completion.invalid').first().waitFor();
    await picture(workbench, 'failing-2-samples');
  });

  it('in the reward file, the Problems view and the Rewards view', async () => {
    await workbench.openFile('digits.reward.ts');
    await workbench.codeLens('failures').waitFor();
    await workbench.page.keyboard.press('Control+Shift+m');
    await workbench.showView();
    const inSideBar = workbench.page.locator('.part.sidebar .monaco-list-row', { hasText: 'digits.reward.ts' });
    await inSideBar.locator('.monaco-tl-twistie').click();
    await sleep(6000);
    await picture(workbench, 'failing-3-problems');
  });

  it('in the dataset', async () => {
    await workbench.page.keyboard.press('Control+j');
    await workbench.showExplorer();
    await workbench.openFile('train.jsonl');
    await sleep(8000);
    await workbench.page.locator('.view-line', { hasText: '754>' }).hover({ position: { x: 60, y: 8 } });
    await workbench.page.locator('.monaco-hover:visible', { hasText: 'invalid' }).waitFor();
    await picture(workbench, 'failing-4-inline', { keepMouse: true });
  });
});
