// Page object of the workbench: what a person does in it, in their words. Selectors are VS Code's own class names.
// On a busy machine a click may come before what it is meant for is there: as a person would, a step is done again
// until its effect is seen.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { Dashboard } from './dashboard';

/** One try of a step; the step as a whole may take `longestMs`. */
const tryMs = 10_000;
const lostClickMs = 3000;
const longestMs = 180_000;
/** A command of the workbench itself, offered always, that is like none of ours. */
const alwaysOffered = 'Help: About';

async function again(step: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + longestMs; ; ) {
    try {
      return await step();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

export class Workbench {
  constructor(readonly page: Page) {}

  async ready(): Promise<void> {
    await this.page.waitForSelector('.monaco-workbench .statusbar');
  }

  /** Starts the extension, also where VS Code gave up its search for run files (after seven seconds). */
  async startExtension(): Promise<void> {
    await this.command('SuperRL: Refresh');
  }

  /** Runs a command of the palette by its full title; it may take a while until the extension is there. */
  async command(title: string): Promise<void> {
    await again(async () => {
      await this.filterPalette(title);
      const row = this.quickPickRow(title).first();
      await row.waitFor({ timeout: tryMs });
      await row.click({ timeout: tryMs });
    });
  }

  /** Whether the palette offers a command (a disabled one is not shown). */
  async offers(title: string): Promise<boolean> {
    let found = 0;
    await again(async () => {
      await this.filterPalette(alwaysOffered);
      await this.quickPickRow(alwaysOffered).first().waitFor({ timeout: tryMs });
      await this.quickInput().fill(`>${title}`);
      await this.quickPickRow(alwaysOffered).first().waitFor({ state: 'detached', timeout: tryMs });
      found = await this.quickPickRow(title).count();
      await this.page.keyboard.press('Escape');
    });
    return found > 0;
  }

  private async filterPalette(text: string): Promise<void> {
    if (await this.quickInput().isVisible()) await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.quickInput().fill(`>${text}`, { timeout: tryMs });
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input[type="text"]').first();
  }

  quickInputTitle(title: string): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-title', { hasText: title });
  }

  quickPickRow(text: string | RegExp): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row', { hasText: text });
  }

  /** In a list of which one is picked; a click on a list that is still being filled may be lost. */
  async pick(text: string): Promise<void> {
    const row = this.quickPickRow(text).first();
    await row.waitFor();
    const question = () => this.quickInput().getAttribute('placeholder', { timeout: 1000 });
    const asked = await question();
    await row.click();
    const isStillAsked = async () =>
      (await row.isVisible()) && (await question().catch(() => undefined)) === asked && (await row.isVisible());
    await again(async () => {
      for (const end = Date.now() + lostClickMs; await isStillAsked(); await sleep(100)) {
        if (Date.now() < end) continue;
        await row.click({ timeout: tryMs });
        throw new Error(`A click on "${text}" was lost.`);
      }
    });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  /** Enter, once the list has this row in focus. */
  async accept(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  async openFile(name: string): Promise<void> {
    await again(async () => {
      const row = this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first();
      await row.dblclick({ timeout: tryMs });
      await this.editorTab(name).first().waitFor({ timeout: tryMs });
    });
  }

  /** In the editor that was used last. */
  async goToLine(line: number): Promise<void> {
    await again(async () => {
      await this.filterPalette('');
      await this.quickInput().fill(`:${line}`, { timeout: tryMs });
      await this.quickPickRow(new RegExp(`Go to line ${line}\\b`)).waitFor({ timeout: tryMs });
      await this.page.keyboard.press('Enter');
      await this.statusBarItem(`Ln ${line},`).waitFor({ timeout: tryMs });
    });
  }

  editorTab(name: string): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }

  codeLens(text: string): Locator {
    return this.page.locator('.codelens-decoration a', { hasText: text });
  }

  /** The preferred fix of the problem at the cursor: by keys, since the list grows under the mouse. */
  async quickFix(title: string): Promise<void> {
    const focused = this.page.locator('.action-widget .monaco-list-row.focused', { hasText: title });
    await again(async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('Control+.');
      await focused.waitFor({ timeout: tryMs });
    });
    await this.page.keyboard.press('Enter');
  }

  /** Opens a run file and starts it by its lens; the dashboard comes up by itself. */
  async startRunFile(name: string): Promise<void> {
    await this.startExtension();
    await this.openFile(name);
    await this.codeLens('Start Training').waitFor();
    await again(async () => {
      await this.codeLens('Start Training').click({ timeout: tryMs });
      await this.dashboard().name.waitFor({ timeout: longestMs / 3 }); // a second click would start a second run
    });
  }

  /** The lines in view; the editor draws blanks as no-break spaces. */
  async editorText(): Promise<string> {
    const text = await this.page.locator('.editor-instance .view-lines').first().textContent();
    return (text ?? '').replaceAll('\u00a0', ' ');
  }

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.statusbar-item', { hasText: text });
  }

  async showView(): Promise<void> {
    await this.page.locator('.activitybar .action-item a[aria-label^="SuperRL"]').first().click();
  }

  async showExplorer(): Promise<void> {
    await this.page.locator('.activitybar .action-item a[aria-label^="Explorer"]').first().click();
  }

  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.pane-body .monaco-list-row', { hasText: text });
  }

  /** The dashboard of a run, from the list of runs (the SuperRL view is shown). */
  async openRun(text: string | RegExp): Promise<void> {
    await again(async () => {
      await this.treeRow(text).first().click({ timeout: tryMs });
      await this.dashboard().name.waitFor({ timeout: tryMs });
    });
  }

  /** The page inside the active webview. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
  }

  /** Bytes of the heap of the active webview's process that are in use after a collection. */
  async webviewHeapBytes(): Promise<number> {
    const body = await this.webview().locator('body').elementHandle();
    const frame = await body?.ownerFrame();
    if (!frame) throw new Error('There is no webview.');
    // Frames that share their process with the page have no session of their own.
    const context = this.page.context();
    const devTools = await context.newCDPSession(frame).catch(() => context.newCDPSession(this.page));
    await devTools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devTools.send('Runtime.getHeapUsage');
    await devTools.detach();
    return usedSize;
  }

  dashboard(): Dashboard {
    return new Dashboard(this.webview());
  }

  async closeAllEditors(): Promise<void> {
    await this.command('View: Close All Editors');
  }

  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.ready();
  }
}
