// What fills a field: a column ("answer"), a part of one ("reward_model.ground_truth"), a value that the
// layout derives ("expression"), or a template over these ("{Body} {Question}"; {{ and }} are braces).
import { closest, distance } from 'fastest-levenshtein';
import { SuperRlError } from '../protocol/errors';
import { type Columns, isColumns } from './formats/record';
import { textOf } from './text';

/** A value that a layout works out from a row, named like a column. */
export interface Derived {
  readonly about: string;
  read(columns: Columns): unknown;
}

/** What expressions of a file may name. */
export interface Vocabulary {
  /** Columns and their parts, as dotted paths, seen in the first rows. */
  readonly paths: readonly string[];
  readonly derived: Readonly<Record<string, Derived>>;
}

export interface Expression {
  readonly text: string;
  /** What a derived value is. */
  readonly about: string | undefined;
  /** Undefined or null: the row has no such value. */
  read(columns: Columns): unknown;
}

/** Throws SuperRlError('data') for a name that the file lacks, and names the nearest. `setting` is what holds it. */
export function compileExpression(text: string, vocabulary: Vocabulary, setting: string, file: string): Expression {
  if (!text.includes('{')) return compileName(text, vocabulary, setting, file);
  const parts = templateParts(text, setting, file).map((part) =>
    'literal' in part ? part.literal : compileName(part.name, vocabulary, setting, file),
  );
  const holes = parts.filter((part) => typeof part !== 'string');
  return {
    text,
    about: holes.find((hole) => hole.about !== undefined)?.about,
    read: (columns) => {
      const texts = parts.map((part) => (typeof part === 'string' ? part : textOf(part.read(columns))));
      if (texts.some((filled) => filled === undefined)) return undefined;
      // A template whose holes are all empty says nothing about the row.
      const filled = parts.some((part, index) => typeof part !== 'string' && texts[index]?.trim() !== '');
      return filled || holes.length === 0 ? texts.join('') : undefined;
    },
  };
}

function compileName(name: string, { paths, derived }: Vocabulary, setting: string, file: string): Expression {
  if (paths.includes(name)) return { text: name, about: undefined, read: (columns) => valueAt(columns, name) };
  const value = Object.hasOwn(derived, name) ? derived[name] : undefined;
  if (value !== undefined) return { text: name, about: value.about, read: (columns) => value.read(columns) };
  throw new SuperRlError(
    'data',
    `${setting} names "${name}", which this file lacks.${suggestion(name, paths, derived)}`,
    {
      place: { file },
    },
  );
}

function suggestion(name: string, paths: readonly string[], derived: Vocabulary['derived']): string {
  const names = [...paths, ...Object.keys(derived)];
  const nearest = names.length > 0 ? closest(name, names) : undefined;
  const near =
    nearest !== undefined && distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, name.length / 2);
  const columns = paths.filter((path) => !path.includes('.')).join(', ');
  return `${near ? ` Did you mean "${nearest}"?` : ''} Its columns are ${columns}.`;
}

type TemplatePart = { readonly literal: string } | { readonly name: string };

function templateParts(template: string, setting: string, file: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = '';
  for (let i = 0; i < template.length; i++) {
    const char = template.charAt(i);
    if ((char === '{' || char === '}') && template[i + 1] === char) {
      literal += char;
      i++;
    } else if (char === '{') {
      const end = template.indexOf('}', i);
      if (end === -1) throw badTemplate(template, 'a "{" without its "}"', setting, file);
      if (literal !== '') parts.push({ literal });
      literal = '';
      parts.push({ name: template.slice(i + 1, end).trim() });
      i = end;
    } else if (char === '}') {
      throw badTemplate(template, 'a "}" without its "{"', setting, file);
    } else literal += char;
  }
  if (literal !== '') parts.push({ literal });
  return parts;
}

function badTemplate(template: string, problem: string, setting: string, file: string): SuperRlError {
  return new SuperRlError(
    'data',
    `${setting} is the template "${template}", which has ${problem}. Write {column} for a column, and {{ or }} for a brace itself.`,
    { place: { file } },
  );
}

/** The value at a dotted path; a column whose own name has dots comes first. */
export function valueAt(columns: Columns, path: string): unknown {
  if (Object.hasOwn(columns, path)) return columns[path];
  let value: unknown = columns;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}

const deepestPath = 3;

/** All columns and their parts in the given rows, in order of appearance. */
export function pathsIn(rows: readonly Columns[]): string[] {
  const paths = new Set<string>();
  const visit = (value: Columns, prefix: string, depth: number): void => {
    for (const [key, inner] of Object.entries(value)) {
      paths.add(`${prefix}${key}`);
      if (isColumns(inner) && depth < deepestPath) visit(inner, `${prefix}${key}.`, depth + 1);
    }
  };
  for (const row of rows) visit(row, '', 1);
  return [...paths];
}
