// Empty and first-minute states, live updates, comparison.
import type { Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DashboardFeed } from '../../extension/dashboard/dashboard-feed';
import { Dashboard, launch, type Source, serve } from './harness';
import { syntheticRun } from './synthetic';

let browser: Browser;
let site: { address: string; server: Server };
const opened: Dashboard[] = [];
const made = syntheticRun(40);

beforeAll(async () => {
  site = await serve([made.summary.run]);
  browser = await launch();
});

afterEach(async () => {
  for (const dashboard of opened.splice(0)) await dashboard.close();
});

afterAll(async () => {
  await browser?.close();
  site?.server.close();
});

async function open(source: Source, options: Parameters<typeof Dashboard.open>[3] = {}): Promise<Dashboard> {
  const dashboard = await Dashboard.open(browser, site.address, source, options);
  opened.push(dashboard);
  return dashboard;
}

describe('before there is anything to draw', () => {
  test('the page says that it is opening the run', async () => {
    const { page } = await open({ ...made, events: [] }, { known: false });
    await page.waitForSelector('.start-up h2');
    expect(await page.locator('.start-up h2').textContent()).toMatch(/Opening the run…|Reading the run…/);
  });

  test('each phase of the start is told, with what comes next', async () => {
    const events: Source['events'] = [
      { seq: 1, ts: 1, type: 'state', data: { state: 'preparing', step: 0 } },
      {
        seq: 2,
        ts: Date.now() - 5000,
        type: 'phase',
        data: { step: 0, phase: 'probe', message: 'Probing 64 prompts' },
      },
    ];
    const dashboard = await open({ ...made, events });
    const { page, feed } = dashboard;
    await expect.poll(() => page.locator('.start-up h2').textContent()).toBe('Probing 64 prompts…');
    expect(await page.locator('.stages [aria-current="step"]').textContent()).toBe('Probe how sparse reward is');
    expect(await page.locator('.since').textContent()).toMatch(/^for \d+ s$/);
    expect(await page.locator('.strip').isHidden()).toBe(true);
    feed.addEvents([
      { seq: 3, ts: Date.now(), type: 'phase', data: { step: 1, phase: 'generate', message: 'Sampling completions' } },
    ]);
    await dashboard.update();
    await expect.poll(() => page.locator('.start-up h2').textContent()).toBe('Sampling completions…');
    feed.addEvents(made.events.filter((event) => event.type !== 'state'));
    await dashboard.update();
    await page.waitForSelector('.strip canvas');
    expect(await page.locator('.start-up').isHidden()).toBe(true);
  });

  test('a run that failed at once says why', async () => {
    const failed: Source['events'] = [
      { seq: 1, ts: 1, type: 'state', data: { state: 'failed', step: 0, reason: 'The dataset has no rows.' } },
    ];
    const { page } = await open({
      ...made,
      summary: { ...made.summary, live: false, state: 'failed' },
      events: failed,
    });
    await expect.poll(() => page.locator('.start-up').textContent()).toContain('The dataset has no rows.');
    expect(await page.locator('.start-up vscode-progress-ring').isHidden()).toBe(true);
    expect(await page.locator('.run-header').getByText('Show log').isVisible()).toBe(true);
  });

  test('a lost connection is seen', async () => {
    const dashboard = await open(made);
    await dashboard.page.waitForSelector('.strip canvas');
    dashboard.feed.setConnection({ state: 'lost', message: 'The backend has ended; trying again in 2 s.' });
    await dashboard.update();
    await expect
      .poll(() => dashboard.page.locator('.connection').textContent())
      .toBe('The backend has ended; trying again in 2 s.');
  });
});

test('live: steps are appended, what was chosen stays', async () => {
  const split = made.events.findIndex((event) => event.type === 'metrics' && event.data.step === 25) + 1;
  const dashboard = await open({ ...made, events: made.events.slice(0, split) });
  const { page, feed } = dashboard;
  const slider = page.getByRole('slider');
  await expect.poll(() => slider.getAttribute('aria-valuemax')).toBe('25');
  await slider.focus();
  await page.keyboard.press('Home');
  for (let at = split; at < made.events.length; at += 9) {
    feed.addEvents(made.events.slice(at, at + 9));
    await dashboard.update();
  }
  await expect.poll(() => slider.getAttribute('aria-valuemax')).toBe('40');
  expect(await slider.getAttribute('aria-valuenow')).toBe('1');
  expect(await page.locator('.facts').textContent()).toContain('step 40 of 50');
  expect(dashboard.problems.filter((text) => !text.includes('Content Security Policy'))).toEqual([]);
});

test('a resumed run drops the steps that it does anew', async () => {
  const dashboard = await open(made);
  const slider = dashboard.page.getByRole('slider');
  await expect.poll(() => slider.getAttribute('aria-valuemax')).toBe('40');
  dashboard.feed.addEvents([{ seq: 1e6, ts: 1, type: 'resumed', data: { fromStep: 30 } }]);
  await dashboard.update();
  await expect.poll(() => slider.getAttribute('aria-valuemax')).toBe('30');
});

test('a message of another version is refused without harm', async () => {
  const dashboard = await open(made);
  await dashboard.page.waitForSelector('.strip canvas');
  await dashboard.page.evaluate(() => window.postMessage({ kind: 'header', header: { name: 1 } }, '*'));
  await expect
    .poll(() => dashboard.problems.some((text) => text.includes('a message that this version does not know')))
    .toBe(true);
  expect(await dashboard.page.locator('h1').textContent()).toBe('gsm8k-40');
});

test('comparison: strips, curves on three axes, and the settings that differ', async () => {
  const dashboard = await open(made);
  const runs = [syntheticRun(40), syntheticRun(30)].map((source, index) => {
    const feed = new DashboardFeed(source.summary.run);
    feed.setSummary({ ...source.summary, live: false, state: 'finished' });
    feed.setStored({ record: { config: { method: index === 0 ? 'superrl' : 'rl', seed: 1 } } });
    feed.addEvents(source.events);
    return feed.compared();
  });
  await dashboard.post({ kind: 'comparison', runs });
  const { page, posted } = dashboard;
  await page.waitForSelector('.compared-strip canvas');
  expect(await page.locator('.compared-strip').count()).toBe(2);
  const titles = await page.locator('.chart h3').allTextContents();
  expect(titles.slice(0, 3)).toEqual(['Held-out pass@1', 'Held-out pass@8', 'Held-out greedy']);
  expect(await page.locator('.compare tbody tr').allTextContents()).toEqual(['methodsuperrlrl']);
  await page.locator('vscode-dropdown[aria-label="Axis"]').click();
  await page.locator('vscode-option').getByText('wall clock').click();
  await page.locator('.compared-runs vscode-checkbox').first().click();
  await expect.poll(() => page.locator('.compared-strip').count()).toBe(1);
  await page.getByRole('button', { name: 'Open gsm8k-30' }).click();
  await expect.poll(() => posted.at(-1)).toEqual({ kind: 'openRun', run: '/runs/synthetic-30' });
  expect(dashboard.problems.filter((text) => !text.includes('Content Security Policy'))).toEqual([]);
});
