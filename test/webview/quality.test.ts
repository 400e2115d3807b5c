// What must hold whatever is shown: policy, accessibility in four themes, narrow windows, speed and memory.
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Dashboard, launch, serve, themeNames } from './harness';
import { syntheticRun } from './synthetic';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let site: { address: string; server: Server };
const opened: Dashboard[] = [];
const made = syntheticRun(60);

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

async function open(source = made, options: Parameters<typeof Dashboard.open>[3] = {}): Promise<Dashboard> {
  const dashboard = await Dashboard.open(browser, site.address, source, options);
  opened.push(dashboard);
  await dashboard.page.waitForSelector('.strip canvas');
  return dashboard;
}

const tabs = ['charts', 'samples', 'alarms', 'checkpoints', 'configuration'];

test('nothing breaks the policy but the toolkit’s known style elements', async () => {
  const { page, violations, problems } = await open();
  for (const tab of tabs) await page.locator(`#tab-${tab}`).click();
  await page.waitForTimeout(200);
  expect(violations.length).toBeLessThanOrEqual(2);
  for (const violation of violations) expect(violation).toMatch(/^style-src(-elem)? inline .*\/webview\.js$/);
  expect(
    problems.filter(
      (text) => !text.includes("policy directive 'style-src") && !text.includes("Policy directive 'style-src"),
    ),
  ).toEqual([]);
});

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: Finding[] = await page.evaluate(async () => {
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
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
  );
}

describe.each(themeNames)('theme %s', (theme) => {
  test('axe finds nothing wrong, on any tab', async () => {
    const { page } = await open(made, { theme });
    for (const tab of tabs) {
      await page.locator(`#tab-${tab}`).click();
      await page.waitForTimeout(300);
      expect(await findings(page), tab).toEqual([]);
    }
  });

  test('colours that must be told from the background and from each other can be', async () => {
    const { page } = await open(made, { theme });
    const colours = await page.evaluate(() => {
      const probe = document.body.appendChild(document.createElement('canvas')).getContext('2d')!;
      const style = getComputedStyle(document.body);
      const rgb = (name: string) => {
        probe.fillStyle = style.getPropertyValue(`--superrl-${name}`);
        probe.fillRect(0, 0, 1, 1);
        return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      };
      return Object.fromEntries(
        ['background', 'pg', 'sft', 'mix', 'solved-all', 'alarm', 'text'].map((name) => [name, rgb(name)]),
      );
    });
    const background = colours.background ?? [];
    for (const name of ['pg', 'sft', 'mix', 'solved-all'])
      expect(contrast(colours[name] ?? [], background), name).toBeGreaterThan(2.5);
    expect(contrast(colours.text ?? [], background)).toBeGreaterThan(7);
    expect(distance(colours.pg ?? [], colours.sft ?? [])).toBeGreaterThan(100);
  });
});

function contrast(a: readonly number[], b: readonly number[]): number {
  const luminance = (rgb: readonly number[]) => {
    const [r = 0, g = 0, bl = 0] = rgb.map((value) =>
      value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((value, index) => value - (b[index] ?? 0)));
}

test.each([320, 480, 800])('a window %i pixels wide needs no sideways scrolling', async (width) => {
  const { page } = await open(made, { width });
  for (const tab of tabs) {
    await page.locator(`#tab-${tab}`).click();
    await page.waitForTimeout(150);
    expect(await page.evaluate(() => document.documentElement.scrollWidth), tab).toBeLessThanOrEqual(width);
  }
});

test('everything is reached by keyboard', async () => {
  const { page } = await open();
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    seen.add(
      await page.evaluate(() => {
        const focused = document.activeElement;
        return focused?.getAttribute('aria-label') ?? focused?.textContent ?? '';
      }),
    );
  }
  for (const name of [
    'Pause',
    'Stop',
    'Step of the run',
    'Data table: the switch',
    'Data table: Reward',
    'Smooth lines',
  ]) {
    expect(
      [...seen].some((text) => text.includes(name)),
      name,
    ).toBe(true);
  }
});

describe('20,000 steps', () => {
  const long = syntheticRun(20_000);

  test('first chart within 2 s of opening, memory below 150 MB', async () => {
    const dashboard = await open(long);
    const { page } = dashboard;
    const wall = await page.evaluate(() => performance.now());
    const worked = await dashboard.workedMs();
    console.log(
      `20,000 steps to first chart: the page worked ${Math.round(worked)} ms; on the clock ${Math.round(wall)} ms`,
    );
    expect(worked).toBeGreaterThan(0);
    expect(worked).toBeLessThan(2000);
    for (const tab of tabs) await page.locator(`#tab-${tab}`).click();
    const heap = await dashboard.usedHeap();
    console.log(`20,000 steps: heap ${(heap / 1e6).toFixed(1)} MB`);
    expect(heap).toBeLessThan(150e6);
  });

  test('a step’s samples are shown within 200 ms', async () => {
    const dashboard = await open(long);
    const { page } = dashboard;
    await page.locator('#tab-samples').click();
    await page.waitForSelector('.completion');
    await page.waitForTimeout(500);
    const before = await dashboard.workedMs();
    const started = Date.now();
    await page.getByRole('textbox', { name: 'Step' }).fill('777');
    await page.keyboard.press('Enter');
    await page.locator('.samples-status [role="status"]').getByText('Step 777:').waitFor();
    const wall = Date.now() - started;
    const worked = (await dashboard.workedMs()) - before;
    console.log(`20,000 steps: step to samples: the page worked ${Math.round(worked)} ms; on the clock ${wall} ms`);
    expect(worked).toBeLessThan(200);
  });

  test('a batch is answered once it is handled, so that a slow page is not sent the next', async () => {
    const dashboard = await open();
    await dashboard.post({ kind: 'batchEnd', batch: 7 });
    await expect.poll(() => dashboard.posted).toContainEqual({ kind: 'taken', batch: 7 });
  });

  test('memory stays flat under a live stream', async () => {
    const dashboard = await open(syntheticRun(2000));
    const { page, feed } = dashboard;
    const more = syntheticRun(2500).events.filter((event) => event.type !== 'state');
    const from = more.findIndex((event) => event.type === 'metrics' && event.data.step === 2000) + 1;
    await dashboard.update();
    const before = await dashboard.usedHeap();
    for (let at = from; at < more.length; at += 45) {
      feed.addEvents(more.slice(at, at + 45));
      await dashboard.update();
    }
    await page.waitForTimeout(300);
    const after = await dashboard.usedHeap();
    console.log(
      `live stream: heap ${(before / 1e6).toFixed(1)} → ${(after / 1e6).toFixed(1)} MB over ${more.length - from} events`,
    );
    expect(after - before).toBeLessThan(15e6);
  });
});
