// The dashboard of a real run, as a person uses it: header, strip, charts, samples, tables, controls.
import type { Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Dashboard, launch, type Source, serve, storedRun, trainedRun } from './harness';
import { syntheticRun } from './synthetic';

let browser: Browser;
let site: { address: string; server: Server };
let real: Source;
const opened: Dashboard[] = [];

beforeAll(async () => {
  real = storedRun(trainedRun());
  site = await serve([real.summary.run]);
  browser = await launch();
});

afterEach(async () => {
  for (const dashboard of opened.splice(0)) await dashboard.close();
});

afterAll(async () => {
  await browser?.close();
  site?.server.close();
});

async function open(source: Source = real, options: Parameters<typeof Dashboard.open>[3] = {}): Promise<Dashboard> {
  const dashboard = await Dashboard.open(browser, site.address, source, options);
  opened.push(dashboard);
  if (options.known !== false) await dashboard.page.waitForSelector('.strip canvas');
  return dashboard;
}

describe('a real run', () => {
  test('header, charts and strip say what the events say', async () => {
    const { page } = await open();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('digits');
    expect(await page.locator('.run-header .state').textContent()).toBe('Finished');
    expect(await page.locator('.facts').textContent()).toContain('step 40 of 40');
    expect(await page.locator('.engine').getAttribute('aria-label')).toMatch(/^Engine onnx: /);
    const reward = await page.locator('.chart[aria-label="Reward"] [role="img"]').getAttribute('aria-label');
    expect(reward).toMatch(/Reward\. weighted sum: now .* reversed \(correctness\): now .* form: now /);
    const heldOut = await page.locator('.chart[aria-label="Held-out"] [role="img"]').getAttribute('aria-label');
    expect(heldOut).toMatch(/pass@1: now .* pass@8: now .* greedy: now /);
    // A run without a reference model has no KL: no empty chart for it.
    expect(await page.locator('.chart[aria-label="KL"]').isHidden()).toBe(true);
    expect(await page.locator('.chart[aria-label="Entropy"] canvas').count()).toBe(1);
    const last = real.events.findLast(({ type }) => type === 'metrics');
    const entropy = last?.type === 'metrics' ? Number(last.data.values.entropy) : Number.NaN;
    expect(await page.locator('.chart[aria-label="Entropy"] .legend-value').textContent()).toBe(
      String(Number(entropy.toFixed(3))),
    );
  });

  test('the switch strip is a slider that tells the decisions and their reasons in words', async () => {
    const { page, posted } = await open();
    const slider = page.getByRole('slider', { name: 'Step of the run' });
    expect(await slider.getAttribute('aria-valuemax')).toBe('40');
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await slider.getAttribute('aria-valuenow')).toBe('1');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(
      /^Step 1: 100 % traces\. .*32 groups: 0 of 8 completions succeed/,
    );
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await slider.getAttribute('aria-valuenow')).toBe('3');
    expect(posted.some(({ kind }) => kind === 'readSamples')).toBe(false);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.group-row');
    expect(posted).toContainEqual({ kind: 'readSamples', id: expect.any(Number), step: 3 });
    expect(await page.locator('.samples-status [role="status"]').textContent()).toBe('Step 3: 32 groups.');
  });

  test('hovering any chart moves the cursor of all and tells that step', async () => {
    const { page } = await open();
    const over = page.locator('.chart[aria-label="Reward"] .u-over');
    const box = (await over.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await expect.poll(() => page.locator('.strip header strong').textContent()).toBe('Step 20');
    const entropy = real.events.find((event) => event.type === 'metrics' && event.data.step === 20);
    const value = entropy?.type === 'metrics' ? Number(entropy.data.values.entropy) : Number.NaN;
    expect(await page.locator('.chart[aria-label="Entropy"] .legend-value').textContent()).toBe(
      String(Number(value.toFixed(3))),
    );
  });

  test('a click on a chart opens the samples of that step with texts, rewards and the trace', async () => {
    const { page, posted } = await open();
    const over = page.locator('.chart[aria-label="Reward"] .u-over');
    const { width } = (await over.boundingBox())!;
    await over.click({ position: { x: width - 1, y: 60 } });
    await page.waitForSelector('.completion');
    expect(posted).toContainEqual({ kind: 'readSamples', id: expect.any(Number), step: 40 });
    const [group] = real.groupsOf(40);
    expect(await page.locator('.completion .model-text').allTextContents()).toEqual(
      group?.completions.map(({ text }) => text || 'empty'),
    );
    expect(await page.locator('.verdict strong').textContent()).toBe(group?.decision.reason);
    expect(await page.locator('.trace .model-text').textContent()).toBe(group?.demonstrations[0]);
    const names = await page.locator('.completion').first().locator('.rewards dt').allTextContents();
    expect(names).toEqual(['reward', 'reversed', 'form']);
  });

  test('the table behind a chart has every step', async () => {
    const { page } = await open();
    await page.locator('.chart[aria-label="Loss"] vscode-button').click();
    const rows = page.locator('.chart[aria-label="Loss"] tbody tr');
    await expect.poll(() => rows.count()).toBe(40);
    expect(await page.locator('.chart[aria-label="Loss"] thead').textContent()).toBe('Steppolicy gradienttraces');
    await page.locator('.chart[aria-label="Loss"] vscode-button').first().click();
    expect(await rows.count()).toBe(0);
  });

  test('configuration: every stored setting can be found', async () => {
    const { page } = await open();
    await page.locator('#tab-configuration').click();
    await page.getByRole('textbox', { name: 'Find a setting' }).fill('promptsPerStep');
    expect(await page.locator('.settings dl').allTextContents()).toEqual(['promptsPerStep32']);
    await page.getByRole('textbox', { name: 'Find a setting' }).fill('no such setting');
    expect(await page.locator('#view-configuration .empty').textContent()).toBe(
      'No setting matches “no such setting”.',
    );
  });
});

describe('a run with everything', () => {
  const made = syntheticRun(60);

  test('filters, order and search', async () => {
    const { page, posted } = await open(made);
    await page.locator('#tab-samples').click();
    await page.waitForSelector('.group-row');
    expect(await page.locator('.group-row').count()).toBe(8);
    await page.getByRole('textbox', { name: 'Step' }).fill('3');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.samples-status [role="status"]').textContent()).toBe('Step 3: 8 groups.');
    const groups = made.groupsOf(3);
    await page.locator('vscode-dropdown[aria-label="Learned by"]').click();
    await page.locator('vscode-dropdown[aria-label="Learned by"] vscode-option').getByText('traces').click();
    const traced = groups.filter(({ decision }) => decision.kind === 'sft').length;
    expect(traced).toBeGreaterThan(0);
    await expect.poll(() => page.locator('.group-row').count()).toBe(traced);
    expect(await page.locator('.samples-status [role="status"]').textContent()).toBe(
      `Step 3: ${traced} of 8 groups pass the filter.`,
    );
    await page.locator('vscode-dropdown[aria-label="Order"]').click();
    await page.locator('vscode-dropdown[aria-label="Order"] vscode-option').getByText('longest first').click();
    const lengths = (await page.locator('.completion header .fact').allTextContents()).map(Number.parseFloat);
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
    await page.getByRole('textbox', { name: 'Search in completions' }).fill('#### 7');
    await page.getByText('Search all steps').click();
    await expect
      .poll(() => page.locator('.samples-status [role="status"]').textContent())
      .toMatch(/^Found \d+ groups, steps \d+–\d+\./);
    expect(posted).toContainEqual({
      kind: 'search',
      id: expect.any(Number),
      filter: { decision: 'sft', text: '#### 7' },
      limit: 200,
    });
    expect(await page.locator('.model-text mark').first().textContent()).toBe('#### 7');
    await page.getByText('Back to the step').click();
    await expect.poll(() => page.locator('.samples-status [role="status"]').textContent()).toMatch(/^Step 3: /);
  });

  test('groups are gone through by arrow keys; actions name their sample', async () => {
    const { page, posted } = await open(made);
    await page.locator('#tab-samples').click();
    await page.locator('.group-row').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.group-row').nth(2).getAttribute('aria-current')).toBe('true');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-current'))).toBe('true');
    expect(await page.locator('.completion.invalid').getAttribute('aria-label')).toBe('Completion 8: No valid reward');
    expect(await page.locator('.completion.invalid .rewards .invalid').textContent()).toBe(
      'answerthrew: TypeError: text is undefined',
    );
    await page.locator('.completion').nth(1).getByRole('button', { name: 'Compare with the trace' }).click();
    await page.locator('.completion').nth(1).getByRole('button', { name: 'Debug reward' }).click();
    await page.getByText('Show in the dataset').click();
    await expect
      .poll(() => posted.slice(-3))
      .toEqual([
        { kind: 'compareWithTrace', step: 60, group: 2, index: 1, demonstration: 0 },
        { kind: 'debugReward', step: 60, group: 2, index: 1, component: 'answer' },
        { kind: 'openSource', step: 60, group: 2 },
      ]);
  });

  test('what a model or a dataset wrote stays text', async () => {
    const { page } = await open(made);
    await page.locator('#tab-samples').click();
    await page.locator('.group-row').nth(1).click();
    expect(await page.locator('.completion .model-text').first().textContent()).toBe(
      '<script>document.title="owned"</script>',
    );
    expect(await page.locator('.question').first().textContent()).not.toBe('');
    expect(await page.locator('#view img, #view script').count()).toBe(0);
    expect(await page.title()).toBe('digits');
  });

  test('dragging zooms, “Whole run” goes back', async () => {
    const { page, posted } = await open(made);
    const box = (await page.locator('.strip .u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await expect
      .poll(() => posted.findLast(({ kind }) => kind === 'setRange'))
      .toEqual({ kind: 'setRange', range: [16, 31] });
    expect(posted.some(({ kind }) => kind === 'readSamples')).toBe(false);
    await page.getByText('Whole run', { exact: true }).click();
    await expect
      .poll(() => posted.findLast(({ kind }) => kind === 'setRange'))
      .toEqual({ kind: 'setRange', range: null });
  });

  test('controls follow the state, and what the host can do', async () => {
    const dashboard = await open(made);
    const { page, posted, feed } = dashboard;
    const shown = () => page.locator('.run-header vscode-button:not([hidden])').allTextContents();
    expect(await shown()).toEqual(['Pause', 'Stop', 'Save checkpoint now', 'Compare…']);
    await page.getByText('Pause').click();
    await expect.poll(() => posted.at(-1)).toEqual({ kind: 'control', action: 'pause' });
    feed.addEvents([{ seq: 1e6, ts: 1, type: 'state', data: { state: 'paused', step: 60 } }]);
    await dashboard.update();
    await expect.poll(shown).toEqual(['Resume', 'Stop', 'Save checkpoint now', 'Compare…']);
    await dashboard.post({
      kind: 'init',
      view: 'run',
      actions: ['openSample'],
      maxSamplesShown: 200,
      restricted: true,
    });
    await expect.poll(shown).toEqual([]);
    expect(await page.locator('.run-header .reason').textContent()).toContain('Restricted mode');
  });

  test('an alarm says what to do, leads to its step and can be put away', async () => {
    const { page, posted } = await open(made);
    const banner = page.getByRole('alert').filter({ hasText: 'Step 24' });
    expect(await banner.textContent()).toContain('Keep switch.reads at correctness');
    await banner.getByText('Show the step').click();
    await expect.poll(() => posted).toContainEqual({ kind: 'readSamples', id: expect.any(Number), step: 24 });
    await banner.getByRole('button', { name: 'Put this alarm away' }).click();
    expect(await banner.count()).toBe(0);
    await page.locator('#tab-alarms').click();
    expect(await page.locator('.alarms > li').count()).toBe(1);
  });

  test('checkpoints that still exist, with the actions that there are', async () => {
    const { page, posted } = await open(made);
    await page.locator('#tab-checkpoints').click();
    expect(await page.locator('#view-checkpoints tbody tr').count()).toBe(2);
    await page.locator('#view-checkpoints').getByText('Export').first().click();
    await expect.poll(() => posted.at(-1)).toEqual({ kind: 'exportModel', path: 'checkpoints/step-000060' });
  });
});
