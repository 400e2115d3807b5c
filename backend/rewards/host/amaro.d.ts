// amaro 0.1 ships without types; this is the part that the hook uses.
declare module 'amaro' {
  /** Blanks types out in place. Throws the error as drawn text (a string). */
  export function transformSync(source: string, options: { mode: 'strip-only' }): { code: string };
}
