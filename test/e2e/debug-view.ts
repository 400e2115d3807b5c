// Page object of the debugger: where it stands, with which values.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { patient } from './editor';
import type { Workbench } from './workbench';

export class DebugView {
  constructor(private readonly workbench: Workbench) {}

  /** Waits until it stands in the file at the line that holds this text (the first such line). */
  async standsAt(file: string, text: string): Promise<void> {
    const place = `${basename(file)} ${lineOf(file, text)}:`;
    await expect.poll(() => this.topFrame(), patient).toContain(place);
  }

  /** "typed countdown.reward.ts 12:3", or nothing while the function runs. */
  async topFrame(): Promise<string> {
    const frame = this.workbench.page.locator('.debug-call-stack .stack-frame').first();
    if (!(await frame.isVisible())) return '';
    const parts = await frame.locator('.label, .file-name, .line-number').allTextContents();
    return parts.join(' ');
  }

  /** Opens the parameters of the function and waits until they hold this. */
  async showsParameter(functionName: string, text: string): Promise<void> {
    const scope = this.workbench.page.locator('.debug-variables .monaco-list-row', {
      hasText: `Local: ${functionName}`,
    });
    await expect
      .poll(async () => {
        if (!(await this.variables()).includes(withoutBlanks(text)))
          await scope.click({ timeout: 5000 }).catch(() => {});
        return this.variables();
      }, patient)
      .toContain(withoutBlanks(text));
  }

  async shows(text: string): Promise<void> {
    await expect.poll(() => this.variables(), patient).toContain(withoutBlanks(text));
  }

  /** The view draws blanks by its style. */
  private async variables(): Promise<string> {
    return withoutBlanks((await this.workbench.page.locator('.debug-variables').first().textContent()) ?? '');
  }

  async restart(): Promise<void> {
    await this.workbench.page.keyboard.press('Control+Shift+F5');
  }

  /** Lets the function end; the notification says what it returned. */
  async goOn(): Promise<void> {
    await this.workbench.page.keyboard.press('F5');
  }

  /** Leaves what a failed test left: a session, an open list. */
  async stop(): Promise<void> {
    await this.workbench.page.keyboard.press('Escape');
    if (await this.toolbar().isVisible()) await this.workbench.page.keyboard.press('Shift+F5');
  }

  async hasEnded(): Promise<void> {
    await this.toolbar().waitFor({ state: 'hidden' });
  }

  private toolbar(): Locator {
    return this.workbench.page.locator('.debug-toolbar');
  }
}

/** 1-based. */
export function lineOf(file: string, text: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((each) => each.includes(text));
  if (line < 0) throw new Error(`${file} has no line with ${text}.`);
  return line + 1;
}

function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/g, '');
}
