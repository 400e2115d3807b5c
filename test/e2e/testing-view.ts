// Page object of the Testing view and the results of its runs.
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { patient } from './editor';
import type { Workbench } from './workbench';

export class TestingView {
  constructor(private readonly workbench: Workbench) {}

  async show(): Promise<void> {
    await this.workbench.command('Testing: Focus on Test Explorer View');
  }

  /** A file's tests are shown; those of the only file are from the start. */
  async openSuite(name: string): Promise<void> {
    const suite = this.row(name);
    await suite.waitFor();
    if ((await suite.getAttribute('aria-expanded')) === 'false') await suite.locator('.monaco-tl-twistie').click();
  }

  async run(name: string): Promise<void> {
    await this.act(name, 'Run Test');
  }

  async debug(name: string): Promise<void> {
    await this.act(name, 'Debug Test');
  }

  /** "Passed", "Failed". */
  async has(name: string, state: string): Promise<void> {
    await expect.poll(() => this.row(name).getAttribute('aria-label'), patient).toContain(`(${state})`);
  }

  /** In the panel of results. */
  async showsResult(text: string): Promise<void> {
    await this.workbench.command('Test: Peek Output');
    await this.workbench.page.locator('.test-output-peek', { hasText: text }).first().waitFor();
  }

  private async act(name: string, action: string): Promise<void> {
    await this.row(name).click();
    await this.row(name).hover();
    await this.row(name).locator(`.action-label[aria-label^="${action}"]`).click();
  }

  private row(name: string): Locator {
    return this.workbench.page.locator('.test-explorer .monaco-list-row', { hasText: name }).first();
  }
}
