// The paged view's page in a real Chromium, over the backend's own reading of a real file; outcomes are made up.
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { RowPages } from '../../backend/data/row-pages';
import {
  type RowsHostMessage,
  type RowsViewMessage,
  rowActions,
  rowsHostMessageSchema,
  rowsViewMessageSchema,
} from '../../backend/protocol/rows-view';
import { webviewPage } from '../../extension/webview-page';
import { asInVsCode, bundle, type Theme } from './harness';
import themes from './themes.json';

export class RowsPage {
  readonly posted: RowsViewMessage[] = [];
  readonly violations: string[] = [];
  readonly problems: string[] = [];

  private constructor(
    readonly page: Page,
    private readonly rows: RowPages,
  ) {}

  static async open(
    browser: Browser,
    address: string,
    file: string,
    { theme = 'dark', width = 1280 }: { theme?: Theme; width?: number } = {},
  ): Promise<RowsPage> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const shown = new RowsPage(page, await RowPages.open(file));
    page.on('pageerror', (error) => shown.problems.push(String(error.stack ?? error)));
    page.on('console', (message) => {
      if (message.type() === 'error') shown.problems.push(message.text());
    });
    await page.exposeFunction('superrlHost', (message: unknown) => shown.receive(message));
    await page.exposeFunction('superrlViolation', (text: string) => shown.violations.push(text));
    await page.addInitScript(asInVsCode, themes[theme]);
    await page.goto(address);
    await page.waitForSelector('.grid-row:not([aria-busy])');
    return shown;
  }

  async post(...messages: RowsHostMessage[]): Promise<void> {
    for (const message of messages) rowsHostMessageSchema.parse(message);
    await this.page.evaluate((all) => {
      for (const message of all) window.postMessage(message, '*');
    }, messages);
  }

  /** Number of the active row, as screen readers find it. */
  async active(): Promise<number> {
    const id = await this.page.getByRole('grid').getAttribute('aria-activedescendant');
    return Number(id?.replace('row-', '')) + 1;
  }

  async close(): Promise<void> {
    await this.page.context().close();
    await this.rows.close();
  }

  private async receive(raw: unknown): Promise<void> {
    const message = rowsViewMessageSchema.parse(raw);
    this.posted.push(message);
    switch (message.kind) {
      case 'ready':
        return this.post(
          {
            ...{ kind: 'init', name: 'rows.jsonl', notice: 'Read-only rows. The text can be edited.' },
            ...{ canOpenAsText: true, actions: [...rowActions] },
          },
          {
            kind: 'facts',
            facts: ['GSM8K: prompt ← question · 25,000 rows', '3 traces for 3 of 25,000 prompts: audit'],
          },
        );
      case 'readRows': {
        const { rows, known, complete, problem } = await this.rows.page(message.from, message.count, 300);
        await this.post({
          ...{ kind: 'rows', id: message.id, known, complete },
          rows: rows.map(({ row, line, cells }) => ({ row, cells, ...(line === undefined ? {} : { line }) })),
          ...(problem === undefined ? {} : { problem }),
        });
        // Every third row was touched by a run.
        const outcomes = rows.map(({ row }) => ({ row, text: row % 3 === 0 ? `solved ${row % 9}/8 · sft ×2` : '' }));
        return this.post({ kind: 'outcomes', outcomes });
      }
      case 'search': {
        let next = message.from;
        for (;;) {
          const found = await this.rows.search(message.text, next);
          next = found.next;
          if (found.row !== undefined || (found.complete && next >= found.known)) {
            return this.post({ kind: 'found', id: message.id, ...(found.row === undefined ? {} : { row: found.row }) });
          }
          await this.post({ kind: 'searched', id: message.id, rows: next });
        }
      }
      case 'readDetail': {
        const { rows } = await this.rows.page(message.row, 1, 200_000);
        const [row] = rows;
        if (!row) return this.post({ kind: 'refused', id: message.id, message: `There is no row ${message.row + 1}.` });
        const group = {
          ...{ step: 12, group: 3, decision: 'sft' as const, outcome: 'solved 0/8 · sft ×2', demonstrations: 1 },
          reason: '0 of 8 completions succeed: below 0.125.',
          completions: [
            { index: 0, text: '<img src=x onerror=alert(1)> 12', reward: 0, success: false },
            { index: 1, text: 'nothing', reward: null, success: false },
            { index: 2, text: '42', reward: 1, success: true },
          ],
        };
        const { cells, line } = row;
        await this.post({
          ...{ kind: 'detail', id: message.id },
          row: { row: message.row, cells, ...(line === undefined ? {} : { line }) },
          ...(message.row % 3 === 0 ? { group } : {}),
        });
      }
    }
  }
}

/** Serves the page as the extension makes it. */
export async function serveRows(): Promise<{ address: string; server: Server }> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/rows.js' || path === '/rows.css') {
      response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/css');
      response.end(readFileSync(join(bundle, path.slice(1))));
    } else if (path === '/') {
      const parts = { script: '/rows.js', style: '/rows.css', title: 'rows', state: {} };
      response.setHeader('content-type', 'text/html');
      response.end(webviewPage(parts, "'self'", 'dGhpcyBpcyBhIHRlc3Q'));
    } else response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}
