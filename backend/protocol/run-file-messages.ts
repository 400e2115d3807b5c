// Turns what zod found in a run file into sentences a person can act on: the field by its full name,
// what it must be, what it is instead, and the nearest known name for a misspelt one.
import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { type FieldPath, formatFieldPath, knownKeys, schemaAt } from './run-file-schema';

export interface FieldMessage {
  readonly path: FieldPath;
  readonly message: string;
  /** The place is the key itself, not its value. */
  readonly atKey: boolean;
}

type Issue = z.core.$ZodIssue;

/** The value at a path of plain JSON data; undefined where there is none. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

/** ` Did you mean "rollout"?`, or nothing when no known name is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  if (known.length === 0) return '';
  const nearest = closest(word.toLowerCase(), [...known]);
  return distance(word.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(word.length / 3))
    ? ` Did you mean "${nearest}"?`
    : '';
}

/** All messages for the issues zod found in `raw`, one or more an issue. */
export function describeIssues(issues: readonly Issue[], raw: unknown): FieldMessage[] {
  const messages = issues.flatMap((issue) => describeIssue(issue, issue.path as FieldPath, raw));
  // A misspelt required field is one mistake, not two: the suggestion at the misspelt key is enough.
  return messages.filter(
    ({ path, atKey }) =>
      atKey ||
      valueAt(raw, path) !== undefined ||
      !messages.some(
        (other) =>
          other.atKey &&
          formatFieldPath(other.path.slice(0, -1)) === formatFieldPath(path.slice(0, -1)) &&
          other.message.endsWith(`Did you mean "${path.at(-1)}"?`),
      ),
  );
}

function describeIssue(issue: Issue, path: FieldPath, raw: unknown): FieldMessage[] {
  const name = path.length === 0 ? 'The run file' : `"${formatFieldPath(path)}"`;
  const value = valueAt(raw, path);
  const say = (message: string): FieldMessage[] => [{ path, message, atKey: false }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key));
    case 'invalid_union': {
      const branch = fittingBranch(issue.errors, value);
      if (branch) return branch.flatMap((inner) => describeIssue(inner, [...path, ...(inner.path as FieldPath)], raw));
      if (value === undefined) return say(missing(path));
      const options = issue.errors.flatMap((errors) => errors.slice(0, 1).map((inner) => wanted(inner, [])));
      return say(`${name} must be ${options.join(' or ')}, not ${shown(value)}.`);
    }
    case 'custom':
      return say(`${name}: ${issue.message}`);
    case 'invalid_format':
      return say(`${name} is ${shown(value)}. ${issue.message}`);
    default:
      if (value === undefined) return say(missing(path));
      return say(`${name} must be ${wanted(issue, path)}, not ${shown(value)}.${suggestion(issue, value)}`);
  }
}

/** Of a union's alternatives, the one whose own type the value has, so that only its inner fields are wrong. */
function fittingBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  if (value === undefined) return undefined;
  const rootOk = (issues: readonly Issue[]) =>
    issues.every(({ code, path }) => path.length > 0 || !(code === 'invalid_type' || code === 'invalid_value'));
  return branches.find(rootOk);
}

function unknownKey(objectPath: FieldPath, key: string): FieldMessage {
  const known = knownKeys(objectPath);
  const where = objectPath.length === 0 ? 'the run file' : `"${formatFieldPath(objectPath)}"`;
  const nearest = didYouMean(key, known);
  return {
    path: [...objectPath, key],
    message: `"${key}" is not a field of ${where}.${nearest || ` Its fields are ${known.join(', ')}.`}`,
    atKey: true,
  };
}

function missing(path: FieldPath): string {
  const description = schemaAt(path)?.description;
  return `"${formatFieldPath(path)}" is missing. Add it${description ? `: ${description}` : '.'}`;
}

/** What an issue says the value of the field at `path` must be, as a noun phrase. */
function wanted(issue: Issue, path: FieldPath): string {
  switch (issue.code) {
    case 'invalid_type':
      return typesOf(path) ?? typeName(issue.expected);
    case 'invalid_value': {
      const values = issue.values.map((value) => JSON.stringify(value));
      return values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
    }
    case 'too_small':
      if (issue.origin === 'string') return 'text that is not empty';
      if (issue.origin === 'array')
        return `a list with at least ${issue.minimum} item${issue.minimum === 1 ? '' : 's'}`;
      return issue.inclusive ? `at least ${issue.minimum}` : `greater than ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `text of at most ${issue.maximum} characters`;
      return issue.inclusive ? `at most ${issue.maximum}` : `less than ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text in double quotes',
  number: 'a number',
  int: 'a whole number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list [ … ]',
  null: 'null',
};

/** The types the schema allows for a field, which say more than zod's first objection: "a whole number or null". */
function typesOf(path: FieldPath): string | undefined {
  const schema = path.length === 0 ? undefined : schemaAt(path);
  const types = (schema?.anyOf ?? [schema]).map((branch) => branch?.type);
  return types.every((type) => type !== undefined) ? types.map(typeName).join(' or ') : undefined;
}

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}

function suggestion(issue: Issue, value: unknown): string {
  if (issue.code !== 'invalid_value' || typeof value !== 'string') return '';
  return didYouMean(
    value,
    issue.values.filter((option) => typeof option === 'string'),
  );
}

/** The value as it stands in the file, shortened; objects and lists by kind only. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text;
  return typeof value === 'string' ? `the text ${short}` : short;
}
