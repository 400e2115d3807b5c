// The place that a stored stack points at, so that a failed reward becomes a diagnostic at its source line.
import type { SourcePlace } from './errors';

/**
 * The innermost place in a stack: of V8 (`at f (/a/b.ts:3:7)`, or the `/a/b.ts:3` that starts a module
 * error), or of Python (`File "/a/b.py", line 3`, innermost last). Paths, not file: URLs.
 */
export function placeInStack(stack: string): SourcePlace | undefined {
  const python = [...stack.matchAll(/^\s*File "([^"]+)", line (\d+)/gm)].at(-1);
  if (python?.[1]) return { file: python[1], line: Number(python[2]) };
  for (const line of stack.split('\n')) {
    const frame = /^\s+at (?:.*\(|async )?((?:[A-Za-z]:[\\/]|\/).*?):(\d+):(\d+)\)?$/.exec(line);
    if (frame?.[1]) return { file: frame[1], line: Number(frame[2]), column: Number(frame[3]) };
    const header = /^((?:[A-Za-z]:[\\/]|\/).*?):(\d+)$/.exec(line);
    if (header?.[1]) return { file: header[1], line: Number(header[2]) };
  }
  return undefined;
}
