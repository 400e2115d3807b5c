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
    const started = Date.now();
    const { page } = await open(long);
    // What the host does before (parsing events) isn't counted here; what the page does is.
    const drawn = await page.evaluate(() => performance.now());
    console.log(`20,000 steps: page to first chart ${Math.round(drawn)} ms, with the host ${Date.now() - started} ms`);
    expect(drawn).toBeLessThan(2000);
    for (const tab of tabs) await page.locator(`#tab-${tab}`).click();
    const heap = await usedHeap(page);
    console.log(`20,000 steps: heap ${(heap / 1e6).toFixed(1)} MB`);
    expect(heap).toBeLessThan(150e6);
  });

  test('a step’s samples are shown within 200 ms', async () => {
    const { page } = await open(long);
    await page.locator('#tab-samples').click();
    await page.waitForSelector('.completion');
    const took = await page.evaluate(async () => {
      const field = document.querySelector('vscode-text-field[aria-label="Step"]') as HTMLInputElement;
      const started = performance.now();
      field.value = '777';
      field.dispatchEvent(new Event('change'));
      while (!document.querySelector('.samples-status [role="status"]')?.textContent?.startsWith('Step 777:')) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
      return performance.now() - started;
    });
    console.log(`20,000 steps: step to samples ${Math.round(took)} ms`);
    expect(took).toBeLessThan(200);
  });

  test('memory stays flat under a live stream', async () => {
    const dashboard = await open(syntheticRun(2000));
    const { page, feed } = dashboard;
    const more = syntheticRun(3000).events.filter((event) => event.type !== 'state');
    const from = more.findIndex((event) => event.type === 'metrics' && event.data.step === 2000) + 1;
    await dashboard.update();
    const before = await usedHeap(page);
    for (let at = from; at < more.length; at += 45) {
      feed.addEvents(more.slice(at, at + 45));
      await dashboard.update();
    }
    await page.waitForTimeout(300);
    const after = await usedHeap(page);
    console.log(
      `live stream: heap ${(before / 1e6).toFixed(1)} → ${(after / 1e6).toFixed(1)} MB over ${more.length - from} events`,
    );
    expect(after - before).toBeLessThan(15e6);
  });
});

async function usedHeap(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}
