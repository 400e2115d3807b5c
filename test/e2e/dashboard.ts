// Page object of the dashboard's webview.
import type { FrameLocator, Locator } from 'playwright-core';

export class Dashboard {
  constructor(private readonly frame: FrameLocator) {}

  get name(): Locator {
    return this.frame.locator('.run-header h1');
  }

  get state(): Locator {
    return this.frame.locator('.run-header .state');
  }

  get facts(): Locator {
    return this.frame.locator('.run-header .facts');
  }

  get reason(): Locator {
    return this.frame.locator('.run-header .reason');
  }

  get charts(): Locator {
    return this.frame.locator('.uplot canvas');
  }

  button(label: string): Locator {
    return this.frame.locator('vscode-button', { hasText: label });
  }

  tab(title: string): Locator {
    return this.frame.locator('vscode-panel-tab', { hasText: title });
  }

  locator(selector: string, options: { readonly hasText?: string } = {}): Locator {
    return this.frame.locator(selector, options);
  }

  /** Steps done, as the header says. */
  async step(): Promise<number> {
    const text = (await this.facts.textContent()) ?? '';
    return Number(/step\s+([\d,]+)/i.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
  }
}
