// The paged view as a person uses it: pages, keyboard, go to row, search, the open row, the hover; and that it lets
// nothing of the file become more than text.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launch, themeNames } from './harness';
import { RowsPage, serveRows } from './rows-harness';

const rows = 25_000;
const folder = mkdtempSync(join(tmpdir(), 'superrl-rows-'));
const file = join(folder, 'rows.jsonl');
let browser: Browser;
let site: { address: string; server: Server };
const opened: RowsPage[] = [];

beforeAll(async () => {
  const line = (n: number) =>
    JSON.stringify({ question: `How many apples are ${n} × 2?\n<b>bold</b>`, answer: `${2 * n}`, [`only${n % 2}`]: n });
  writeFileSync(file, `${Array.from({ length: rows }, (_, n) => line(n)).join('\n')}\n`);
  site = await serveRows();
  browser = await launch();
});
afterEach(async () => {
  for (const page of opened.splice(0)) await page.close();
});
afterAll(async () => {
  await browser?.close();
  site?.server.close();
  rmSync(folder, { recursive: true });
});

async function open(options: Parameters<typeof RowsPage.open>[3] = {}): Promise<RowsPage> {
  const shown = await RowsPage.open(browser, site.address, file, options);
  opened.push(shown);
  return shown;
}

const range = (page: Page) => page.locator('.page-range');
const status = (page: Page) => page.getByRole('status');
const firstRowText = (page: Page) => page.locator('.grid-row .number').first().textContent();

describe('a file of 25,000 rows', () => {
  test('is shown a page of 10,000 rows at a time, of which only those in view are drawn', async () => {
    const { page, problems, violations } = await open();
    await range(page).getByText('Rows 1–10,000 of 25,000').waitFor();
    expect(await page.locator('.grid-row').count()).toBeLessThan(80);
    const grid = page.getByRole('grid', { name: 'Rows of rows.jsonl' });
    expect(await grid.getAttribute('aria-rowcount')).toBe('25001');
    expect(await page.getByRole('columnheader').allTextContents()).toEqual([
      ...['Row', 'Newest outcome', 'question', 'answer', 'only0', 'only1'],
    ]);
    await page.getByRole('button', { name: 'Next page' }).click();
    await range(page).getByText('Rows 10,001–20,000').waitFor();
    await page.getByRole('button', { name: 'Next page' }).click();
    await range(page).getByText('Rows 20,001–25,000').waitFor();
    await page.locator('#row-20000:not([aria-busy])').waitFor();
    expect(await firstRowText(page)).toBe('20,001');
    expect(await page.getByRole('button', { name: 'Next page' }).getAttribute('disabled')).not.toBeNull();
    // Of the toolkit, as in the dashboard: an inline style, and what the browser says of it.
    expect(violations.length).toBeLessThanOrEqual(2);
    for (const violation of violations) expect(violation).toMatch(/^style-src(-elem)? inline .*\/rows\.js$/);
    expect(problems.filter((problem) => !problem.startsWith('Applying inline style'))).toEqual([]);
  });

  test('says why it is shown, and what is known of the file', async () => {
    const { page, posted } = await open();
    expect(await page.locator('.notice').textContent()).toContain('Read-only rows');
    await page.getByRole('button', { name: '3 traces for 3 of 25,000 prompts: audit' }).click();
    await page.getByRole('button', { name: 'Open as text' }).click();
    await expect
      .poll(() => posted.filter(({ kind }) => kind.startsWith('open')))
      .toEqual([{ kind: 'openFact', index: 1 }, { kind: 'openAsText' }]);
  });

  test('is gone through by keyboard, over the border of a page', async () => {
    const shown = await open();
    const { page } = shown;
    await range(page).getByText('of 25,000').waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => shown.active()).toBe(3);
    await page.keyboard.press('PageDown');
    await expect.poll(() => shown.active()).toBeGreaterThan(15);
    const after = await shown.active();
    await page.keyboard.press('PageUp');
    await expect.poll(() => shown.active()).toBe(3);
    expect(after).toBeLessThan(60);
    await page.keyboard.press('End');
    await expect.poll(() => shown.active()).toBe(rows);
    await page.locator(`#row-${rows - 1}:not([aria-busy])`).waitFor();
    expect(await page.locator(`#row-${rows - 1}`).textContent()).toContain(`${2 * (rows - 1)}`);
    await page.keyboard.press('Home');
    await expect.poll(() => shown.active()).toBe(1);
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => shown.active()).toBe(1);
    await page.getByRole('textbox', { name: 'Go to row' }).fill('10,000');
    await page.keyboard.press('Enter');
    await expect.poll(() => shown.active()).toBe(10_000);
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => shown.active()).toBe(10_001);
    await range(page).getByText('Rows 10,001–20,000').waitFor();
  });

  test('goes to a row, and says which there are', async () => {
    const shown = await open();
    const { page } = shown;
    await range(page).getByText('of 25,000').waitFor();
    const goTo = page.getByRole('textbox', { name: 'Go to row' });
    await page.keyboard.press('Control+g');
    await page.keyboard.type('19 876');
    await page.keyboard.press('Enter');
    await expect.poll(() => shown.active()).toBe(19_876);
    await page.locator('#row-19875:not([aria-busy])').waitFor();
    expect(await page.locator('#row-19875').isVisible()).toBe(true);
    await goTo.fill('25001');
    await goTo.press('Enter');
    await status(page).getByText('There are 25,000 rows.').waitFor();
    await goTo.fill('x');
    await goTo.press('Enter');
    await status(page).getByText('“x” is no row number.').waitFor();
  });

  test('is searched in all its rows, and the search goes round', async () => {
    const shown = await open();
    const { page } = shown;
    await range(page).getByText('of 25,000').waitFor();
    await page.keyboard.press('Control+f');
    await page.keyboard.type('ARE 2471');
    await page.keyboard.press('Enter');
    await status(page).getByText('Row 2,472 holds “ARE 2471”.').waitFor();
    const search = page.getByRole('textbox', { name: 'Search' });
    await search.press('Enter');
    await status(page).getByText('Row 24,711 holds').waitFor();
    expect(await shown.active()).toBe(24_711);
    await page.getByRole('grid').focus();
    await page.keyboard.press('F3');
    await status(page).getByText('Row 24,712 holds').waitFor();
    await page.getByRole('textbox', { name: 'Go to row' }).fill('24,900');
    await page.keyboard.press('Enter');
    await search.press('Enter');
    await status(page).getByText('Row 2,472 holds').waitFor();
    await search.fill('nowhere to be found');
    await search.press('Enter');
    await status(page).getByText('No row holds “nowhere to be found”.').waitFor();
  });

  test('shows outcomes, and in an opened row the newest group with what can be done', async () => {
    const { page, posted } = await open();
    await page.locator('#row-3 .row-outcome', { hasText: 'solved 3/8 · sft ×2' }).waitFor();
    expect(await page.locator('#row-4 .row-outcome').textContent()).toBe('');
    await page.locator('#row-3 .row-outcome').click();
    const detail = page.getByRole('region', { name: 'Row 4' });
    await detail.waitFor();
    expect(await detail.textContent()).toContain('0 of 8 completions succeed');
    expect(await detail.locator('img, b').count()).toBe(0);
    expect(await detail.locator('.columns dd').first().textContent()).toBe('How many apples are 3 × 2?\n<b>bold</b>');
    const third = detail.getByRole('article', { name: 'Completion 3' });
    for (const name of [
      'Open in an editor',
      'Compare with the trace',
      'Compare with an earlier sample',
      'Debug the reward',
    ]) {
      await third.getByRole('button', { name }).click();
    }
    await detail.getByRole('button', { name: 'The whole group' }).click();
    const at = { step: 12, group: 3, index: 2 };
    await expect
      .poll(() => posted.filter(({ kind }) => kind === 'act' || kind === 'openGroup'))
      .toEqual([
        { kind: 'act', action: 'openSample', ...at },
        { kind: 'act', action: 'compareWithTrace', ...at },
        { kind: 'act', action: 'compareWithEarlier', ...at },
        { kind: 'act', action: 'debugReward', ...at },
        { kind: 'openGroup', step: 12, group: 3 },
      ]);
    await page.keyboard.press('Escape');
    await detail.waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Row 5' }).getByText('No run has touched this row.').waitFor();
  });

  test('tells of an outcome where the pointer rests, until it leaves or Escape is pressed', async () => {
    const { page } = await open();
    await page.locator('#row-6 .row-outcome', { hasText: 'solved' }).hover();
    const hover = page.getByRole('tooltip');
    await hover.waitFor();
    expect(await hover.textContent()).toMatch(/Step 12, group 4.*1 more completion/s);
    await hover.hover();
    await page.waitForTimeout(400);
    expect(await hover.count()).toBe(1);
    await page.keyboard.press('Escape');
    expect(await hover.count()).toBe(0);
    await page.locator('#row-9 .row-outcome', { hasText: 'solved' }).hover();
    await hover.waitFor();
    await page.locator('.notice').hover();
    await hover.waitFor({ state: 'detached' });
  });

  test('asks again for its rows when the file has changed', async () => {
    const shown = await open();
    const { page, posted } = shown;
    await range(page).getByText('of 25,000').waitFor();
    const before = posted.filter(({ kind }) => kind === 'readRows').length;
    await shown.post({ kind: 'changed' });
    await page.locator('#row-3 .row-outcome', { hasText: 'solved 3/8' }).waitFor();
    expect(posted.filter(({ kind }) => kind === 'readRows').length).toBeGreaterThan(before);
    await shown.post({ kind: 'reveal', row: 12_345 });
    await expect.poll(() => shown.active()).toBe(12_346);
  });

  test('keeps at most what is near, however far one scrolls', async () => {
    const { page } = await open();
    await range(page).getByText('of 25,000').waitFor();
    for (const top of [0.2, 0.5, 0.9]) {
      await page.getByRole('grid').evaluate((grid, share) => {
        grid.scrollTop = share * grid.scrollHeight;
      }, top);
      await page.locator('.grid-row:not([aria-busy])').first().waitFor();
      await expect.poll(() => page.locator('.grid-row[aria-busy]').count()).toBe(0);
      expect(await page.locator('.grid-row').count()).toBeLessThan(80);
    }
  });
});

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test.each(themeNames)('axe finds nothing wrong in theme %s, with a row open and the hover shown', async (theme) => {
  const { page } = await open({ theme });
  await page.locator('#row-3 .row-outcome', { hasText: 'solved' }).click();
  await page.getByRole('region', { name: 'Row 4' }).waitFor();
  await page.locator('#row-6 .row-outcome', { hasText: 'solved' }).hover();
  await page.getByRole('tooltip').waitFor();
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await Reflect.get(window, 'axe').run(document, {
      // A webview is part of the workbench's document, which has the landmarks.
      rules: {
        region: { enabled: false },
        'page-has-heading-one': { enabled: false },
        'landmark-one-main': { enabled: false },
      },
    });
    return violations;
  });
  expect(
    found.flatMap(({ id, nodes }: { id: string; nodes: { html: string; failureSummary: string }[] }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
    ),
  ).toEqual([]);
  await page.screenshot({ path: join(import.meta.dirname, `../../.cache/test-webview/rows-${theme}.png`) });
});

test('a window 480 pixels wide scrolls only in the grid', async () => {
  const { page } = await open({ width: 480 });
  await page.locator('#row-3 .row-outcome', { hasText: 'solved' }).click();
  await page.getByRole('region', { name: 'Row 4' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(480);
});
