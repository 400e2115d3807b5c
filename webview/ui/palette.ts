// The colours of the charts, read from the style sheet, where they are made from VS Code's theme variables.

export const paletteNames = [
  'pg',
  'pg-idle',
  'sft',
  'mix',
  'skip',
  'solved-none',
  'solved-some',
  'solved-all',
  'total',
  'correct',
  'line-1',
  'line-2',
  'line-3',
  'line-4',
  'line-5',
  'text',
  'muted',
  'grid',
  'chosen',
  'alarm',
  'background',
] as const;
export type PaletteName = (typeof paletteNames)[number];

export interface Palette {
  readonly colours: Readonly<Record<PaletteName, string>>;
  readonly fontFamily: string;
  /** Patterns beside colours: in high contrast, hue alone must not tell. */
  readonly highContrast: boolean;
}

/** Lines beyond those with a meaning of their own take these in turn. */
export const freeLines = ['line-1', 'line-2', 'line-3', 'line-4', 'line-5'] as const satisfies readonly PaletteName[];

export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const colour = (name: PaletteName) => style.getPropertyValue(`--superrl-${name}`).trim() || 'currentColor';
  const colours = Object.fromEntries(paletteNames.map((name) => [name, colour(name)]));
  return {
    colours: colours as Record<PaletteName, string>,
    fontFamily: style.fontFamily,
    highContrast: document.body.classList.contains('vscode-high-contrast'),
  };
}

/** Calls back when the person changes the theme: VS Code sets classes of body and variables of the root element. */
export function onThemeChange(callback: () => void): void {
  let soon = 0;
  const observer = new MutationObserver(() => {
    clearTimeout(soon);
    soon = window.setTimeout(callback, 50);
  });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
