// Page object of the workbench: what a person does in it, in their words. Selectors are VS Code's own class names.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { Dashboard } from './dashboard';

export class Workbench {
  constructor(readonly page: Page) {}

  async ready(): Promise<void> {
    await this.page.waitForSelector('.monaco-workbench .statusbar');
  }

  /** Runs a command of the palette by its full title; it may take a while until the extension is there. */
  async command(title: string): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) {
      await this.page.keyboard.press('F1');
      await this.quickInput().waitFor();
      await this.quickInput().fill(`>${title}`);
      const row = this.quickPickRow(title).first();
      const found = await row.waitFor({ timeout: 4000 }).then(
        () => true,
        () => false,
      );
      if (found) {
        await sleep(300);
        await row.click();
        return;
      }
      await this.page.keyboard.press('Escape');
      await sleep(1000);
    }
    throw new Error(`The palette does not offer "${title}".`);
  }

  /** Whether the palette offers a command (a disabled one is not shown). */
  async offers(title: string): Promise<boolean> {
    await this.page.keyboard.press('F1');
    await this.quickInput().waitFor();
    await this.quickInput().fill(`>${title}`);
    await sleep(1000);
    const found = await this.quickPickRow(title).count();
    await this.page.keyboard.press('Escape');
    return found > 0;
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input[type="text"]').first();
  }

  quickInputTitle(title: string): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-title', { hasText: title });
  }

  quickPickRow(text: string): Locator {
    return this.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row', { hasText: text });
  }

  async pick(text: string): Promise<void> {
    await this.quickPickRow(text).first().click();
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text });
  }

  async openFile(name: string): Promise<void> {
    await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first().dblclick();
    await this.editorTab(name).waitFor();
  }

  editorTab(name: string): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name });
  }

  codeLens(text: string): Locator {
    return this.page.locator('.codelens-decoration a', { hasText: text });
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

  /** The page inside the active webview. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').last().frameLocator('iframe#active-frame');
  }

  /** JavaScript heap in use by the page of the active webview. Precise only with the browser's flag, see editor.ts. */
  async webviewHeapBytes(): Promise<number> {
    const frame = await this.webview()
      .locator('body')
      .elementHandle()
      .then((body) => body?.ownerFrame());
    if (!frame) throw new Error('There is no webview.');
    return frame.evaluate(() => {
      const { memory } = performance as Performance & { memory?: { usedJSHeapSize: number } };
      return memory?.usedJSHeapSize ?? Number.NaN;
    });
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
