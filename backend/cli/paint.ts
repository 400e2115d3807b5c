// Colours by what they mean, as ANSI codes; without colour the text stays as it is.

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warning: [33, 39],
  pg: [34, 39],
  sft: [35, 39],
} as const;

export type Paint = { readonly [K in keyof typeof codes]: (text: string) => string };

/** The colours, or functions that change nothing. */
export function createPaint(hasColor: boolean): Paint {
  const style =
    ([on, off]: readonly [number, number]) =>
    (text: string): string =>
      hasColor && text !== '' ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: style(codes.bold),
    dim: style(codes.dim),
    good: style(codes.good),
    bad: style(codes.bad),
    warning: style(codes.warning),
    pg: style(codes.pg),
    sft: style(codes.sft),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ansi = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** Columns that a text takes on a terminal: colours take none. */
export function textWidth(text: string): number {
  return [...text.replace(ansi, '')].length;
}

/** Model text and other people's text made harmless for a terminal: control characters become visible. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character < ' ' ? String.fromCodePoint(0x2400 + character.charCodeAt(0)) : '\ufffd',
  );
}
