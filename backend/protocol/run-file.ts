// Reads a run file (JSON with comments and trailing commas) and says where each mistake is. Pure: the
// caller reads the file. What a preset fills in and what a method demands is method/presets and config-checks.
import { findNodeAtLocation, getNodeValue, type Node, type ParseError, parseTree } from 'jsonc-parser';
import { type SourcePlace, SuperRlError } from './errors';
import { syntaxObjection } from './json-syntax';
import { applyOverrides, parseOverride } from './overrides';
import { type ParsedRunFile, runConfigSchema } from './run-config';
import { describeIssues } from './run-file-messages';
import { type FieldPath, formatFieldPath } from './run-file-schema';

export { applyOverrides } from './overrides';
export { runFileJsonSchema } from './run-file-schema';

export interface RunFileProblem {
  /** The field, or the empty path for the file as a whole. */
  readonly path: FieldPath;
  /** One sentence or two: what is wrong and what to do. */
  readonly message: string;
  /** file, 1-based line and column; for a value given by --set, the option instead of the file. */
  readonly place: SourcePlace;
  /** Characters from the place on that are at fault (0: unknown), for the editor's squiggle. */
  readonly length: number;
}

export interface RunFileReading {
  /** Present exactly when there are no problems. */
  readonly parsed?: ParsedRunFile;
  /** What was written, overrides applied; absent when it is not JSON at all. */
  readonly raw?: unknown;
  readonly problems: RunFileProblem[];
}

/**
 * Parses and checks the text of a run file.
 * @param file name for messages
 * @param overrides `path=value` of --set, applied before the check
 * @throws SuperRlError `usage` for an override that cannot be read or applied
 */
export function parseRunFile(text: string, file: string, overrides: readonly string[] = []): RunFileReading {
  const source = new RunFileSource(text, file, overrides);
  if (source.syntaxProblems.length > 0) return { problems: source.syntaxProblems };
  const raw = applyOverrides(source.value, overrides);
  const result = runConfigSchema.safeParse(raw);
  if (result.success && source.duplicateKeys.length === 0) return { parsed: result.data, raw, problems: [] };
  const problems = result.success
    ? []
    : describeIssues(result.error.issues, raw).map(({ path, message, atKey }) => source.problem(path, message, atKey));
  return { raw, problems: [...problems, ...source.duplicateKeys].sort(byPlace) };
}

/** Gives problems found by path (config-checks) their places in the file. */
export function locateProblems(
  text: string,
  file: string,
  overrides: readonly string[],
  found: readonly { readonly path: FieldPath; readonly message: string }[],
): RunFileProblem[] {
  const source = new RunFileSource(text, file, overrides);
  return found.map(({ path, message }) => source.problem(path, message, false)).sort(byPlace);
}

/** One error that lists every problem, the first one's place leading. */
export function runFileError(problems: readonly RunFileProblem[]): SuperRlError {
  const [first, ...rest] = problems;
  if (!first) throw new SuperRlError('internal', 'runFileError was called without a problem.');
  const others = rest.map(({ place, message }) => new SuperRlError('config', message, { place }).message);
  return new SuperRlError('config', [first.message, ...others].join('\n'), { place: first.place });
}

class RunFileSource {
  readonly value: unknown;
  readonly syntaxProblems: RunFileProblem[] = [];
  readonly duplicateKeys: RunFileProblem[] = [];
  private readonly text: string;
  private readonly file: string;
  private readonly root: Node | undefined;
  private readonly overridden: readonly ReturnType<typeof parseOverride>[];

  constructor(text: string, file: string, overrides: readonly string[]) {
    this.text = text.replace(/^\uFEFF/, ' ');
    this.file = file;
    this.overridden = overrides.map(parseOverride);
    const errors: ParseError[] = [];
    this.root = parseTree(this.text, errors, { allowTrailingComma: true });
    const [error] = errors;
    if (!this.root) this.syntaxProblems.push(this.at([], EMPTY, 0, 0));
    else if (error)
      this.syntaxProblems.push(
        this.at([], `The run file is not valid JSON: ${syntaxObjection(errors)}.`, error.offset, error.length),
      );
    else {
      this.value = getNodeValue(this.root);
      this.findDuplicates(this.root, []);
    }
  }

  problem(path: FieldPath, message: string, atKey: boolean): RunFileProblem {
    const override = this.overridden.findLast(({ path: set }) => set.every((key, index) => path[index] === key));
    if (override) return { path, message, place: { file: `--set ${override.text}` }, length: 0 };
    const node = this.nearestNode(path);
    const key = atKey && node?.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
    const target = key ?? node;
    // An object or list at fault as a whole is marked at its first line only.
    const whole = target?.type === 'object' || target?.type === 'array' ? 1 : target?.length;
    return this.at(path, message, target?.offset ?? 0, whole ?? 0);
  }

  private nearestNode(path: FieldPath): Node | undefined {
    for (let length = path.length; length >= 0 && this.root; length--) {
      const node = findNodeAtLocation(this.root, path.slice(0, length));
      if (node) return node;
    }
    return this.root;
  }

  private at(path: FieldPath, message: string, offset: number, length: number): RunFileProblem {
    const before = this.text.slice(0, offset).split(/\r\n|\r|\n/);
    const place = { file: this.file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    return { path, message, place, length };
  }

  private findDuplicates(node: Node, path: FieldPath): void {
    const seen = new Set<string>();
    (node.children ?? []).forEach((child, index) => {
      if (node.type === 'array') this.findDuplicates(child, [...path, index]);
      if (child.type !== 'property') return;
      const [key, value] = child.children ?? [];
      if (!key || !value) return;
      const inner = [...path, String(key.value)];
      if (seen.has(String(key.value)))
        this.duplicateKeys.push(
          this.at(inner, `"${formatFieldPath(inner)}" is given twice. Remove one of them.`, key.offset, key.length),
        );
      seen.add(String(key.value));
      this.findDuplicates(value, inner);
    });
  }
}

const EMPTY = 'The run file is empty. Write { "name": …, "model": …, "data": … } or start from an example.';

function byPlace(a: RunFileProblem, b: RunFileProblem): number {
  return (a.place.line ?? 0) - (b.place.line ?? 0) || (a.place.column ?? 0) - (b.place.column ?? 0);
}
