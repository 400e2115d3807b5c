// Pictures of the docs are taken here: a calm window of fixed size, one theme after another, nothing under the mouse.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { Editor, type EditorOptions } from '../e2e/editor';
import type { Workbench } from '../e2e/workbench';

/** VS Code's own themes, by the end of the pictures' names, with the class that its workbench then has. */
export const themes = {
  dark: { name: 'Default Dark Modern', workbench: 'vs-dark' },
  light: { name: 'Default Light Modern', workbench: 'vs' },
  'high-contrast-dark': { name: 'Default High Contrast', workbench: 'hc-black' },
  'high-contrast-light': { name: 'Default High Contrast Light', workbench: 'hc-light' },
} as const;
export type Theme = keyof typeof themes;
export const themeNames = Object.keys(themes) as Theme[];

const calm = {
  'breadcrumbs.enabled': false,
  'editor.fontFamily': "'JetBrains Mono', 'DejaVu Sans Mono', monospace",
  'editor.fontLigatures': false,
  'editor.minimap.enabled': false,
  'explorer.compactFolders': false,
  'files.exclude': { '**/.vscode': true, '**/rewards.d.ts': true },
  'remote.autoForwardPorts': false,
  'window.commandCenter': false,
  'workbench.editor.empty.hint': 'hidden',
  'workbench.layoutControl.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
};

/** An editor whose windows have the size of the pictures. */
export async function openEditor(options: EditorOptions, settings: Readonly<Record<string, unknown>> = {}) {
  const editor = await Editor.open({ ...options, screen: { width: 1280, height: 800, scale: 1.5 } });
  editor.writeSettings({ ...calm, 'workbench.colorTheme': themes.dark.name, ...settings });
  return editor;
}

/** What does not come within a minute does not come. */
export async function openWindow(editor: Editor): Promise<Workbench> {
  const workbench = await editor.window();
  workbench.page.setDefaultTimeout(60_000);
  return workbench;
}

/** Changes the settings of the workspace, and waits until the window is drawn in the theme. */
export async function inTheme(
  editor: Editor,
  workbench: Workbench,
  theme: Theme,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const { name, workbench: cssClass } = themes[theme];
  editor.writeSettings({ ...calm, 'workbench.colorTheme': name, ...settings });
  await workbench.page.locator(`.monaco-workbench.${cssClass}`).waitFor();
  await sleep(1500);
}

export interface PictureOptions {
  /** Cut out this part of the window, in CSS pixels. */
  readonly clip?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Leave the mouse, and what it shows, where they are. */
  readonly keepMouse?: boolean;
}

export async function picture({ page }: Workbench, name: string, { clip, keepMouse }: PictureOptions = {}) {
  const folder = join(inject('root'), '.cache/pictures/taken');
  mkdirSync(folder, { recursive: true });
  if (!keepMouse) await page.mouse.move(24, 500); // the empty part of the activity bar
  await sleep(1200);
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', ...(clip && { clip }) });
}
