// The type stripper reports errors as drawn text (a message, the source line, carets under it); this reads
// the place back out of it, and words what plain type stripping can't do.

export interface SyntaxDiagnostic {
  readonly message: string;
  /** 1-based; undefined when the text draws no line. */
  readonly line?: number;
  readonly column?: number;
}

/** Reads a diagnostic such as `x Expression expected\n ,-[2:1]\n 2 | let a = ;\n : ^`. */
export function readSyntaxDiagnostic(drawn: string): SyntaxDiagnostic {
  const lines = drawn.split('\n');
  const message = wording((lines.find((line) => line.trim() !== '') ?? drawn).trim().replace(/^[x×]\s+/, ''));
  const marker = lines.findIndex((line) => /^\s*[:·]\s*\^/.test(line));
  const source = marker < 0 ? null : /^(\s*(\d+)\s+[|│] )/.exec(lines[marker - 1] ?? '');
  if (!source) return { message };
  const column = (lines[marker] ?? '').indexOf('^') - (source[1] ?? '').length + 1;
  return { message, line: Number(source[2]), column: Math.max(1, column) };
}

const instead: readonly (readonly [RegExp, string])[] = [
  [/^TypeScript enum\b/, 'use a union of strings or `const Name = {…} as const`'],
  [/^TypeScript namespace\b/, 'use the module itself'],
  [/^TypeScript parameter property\b/, 'declare the field and assign it in the constructor'],
  [/^TypeScript import equals\b/, 'use `import name from "…"`'],
];

function wording(message: string): string {
  const advice = instead.find(([pattern]) => pattern.test(message))?.[1];
  if (advice === undefined) return message;
  const construct = message.replace(/ is not supported.*$/, '');
  return `${construct} can't be used in a reward file, since its types are only stripped; ${advice}.`;
}
