// From the columns of a file to prompt, answer, demonstrations and id: the layout that was recognised,
// overridden by a person's map. describeMapping says what was decided, before anything is used.
import { closest } from 'fastest-levenshtein';
import { SuperRlError } from '../protocol/errors';
import { compileExpression, type Derived, type Expression, pathsIn, type Vocabulary } from './expression';
import type { Columns } from './formats/record';
import { type FieldName, type Fields, fieldNames, type Layout, layouts, type Sample } from './layouts';
import { conversationOf, type Message, textOf } from './text';

export interface FieldMapping {
  readonly field: FieldName;
  readonly expression: Expression;
  readonly origin: 'layout' | 'map';
}

export interface Mapping {
  readonly file: string;
  readonly layout: Layout | undefined;
  readonly fields: readonly FieldMapping[];
  readonly vocabulary: Vocabulary;
}

/** What a record's columns say, before it is checked. */
export interface MappedColumns {
  /** Undefined: the value is an object that has no text. */
  readonly prompt: string | undefined;
  /** The prompt's messages, when it is more than one user message. */
  readonly messages: readonly Message[] | undefined;
  readonly answer: unknown;
  /** Undefined: no id is mapped, or the row lacks it. */
  readonly id: string | undefined;
}

export interface MappingRequest {
  readonly file: string;
  /** The first rows of the file. */
  readonly rows: readonly Columns[];
  readonly map?: Readonly<Record<string, string>>;
  /** How the map is called in errors. */
  readonly setting?: string;
  /** Fields without which the file is of no use. */
  readonly required?: readonly FieldName[];
}

/** Throws SuperRlError('data') for unknown fields or columns in the map, and when no prompt can be found. */
export function mapColumns(request: MappingRequest): Mapping {
  const { file, rows, map = {}, setting = 'data.map', required = ['prompt'] } = request;
  const paths = pathsIn(rows);
  const present = new Set(paths);
  const sample: Sample = { rows, has: (...wanted) => wanted.every((path) => present.has(path)) };
  const layout = layouts.find((candidate) => candidate.matches(sample));
  const derived: Readonly<Record<string, Derived>> = layout?.derived ?? {};
  const vocabulary: Vocabulary = { paths, derived };
  const own = checkedMap(map, setting, file);
  const recognised = layout?.fields(sample) ?? {};
  const fields: FieldMapping[] = [];
  for (const field of fieldNames) {
    const origin = own[field] !== undefined ? 'map' : 'layout';
    const text = own[field] ?? (isReplaced(field, own) ? undefined : recognised[field]);
    if (text === undefined) continue;
    fields.push({ field, origin, expression: compileExpression(text, vocabulary, `${setting}.${field}`, file) });
  }
  const missing = required.find((field) => !fields.some((mapped) => mapped.field === field));
  if (missing !== undefined) {
    const columns = paths.filter((path) => !path.includes('.'));
    throw new SuperRlError(
      'data',
      `No known layout has the columns ${columns.join(', ')}. Say which of them is the ${missing}, for example ` +
        `"map": {"${missing}": "${columns[0] ?? 'column'}"}, or give a template such as "{${columns[0] ?? 'column'}}".`,
      { place: { file } },
    );
  }
  return { file, layout, fields, vocabulary };
}

/** The same mapping with demonstrations from elsewhere in the row. */
export function withDemonstrations(mapping: Mapping, map: Readonly<Record<string, string>>, setting: string): Mapping {
  const own = checkedMap(map, setting, mapping.file);
  const field = own.demonstrations !== undefined ? 'demonstrations' : 'demonstration';
  const text = own[field];
  if (text === undefined) return mapping;
  const expression = compileExpression(text, mapping.vocabulary, `${setting}.${field}`, mapping.file);
  const kept = mapping.fields.filter((mapped) => mapped.field !== 'demonstration' && mapped.field !== 'demonstrations');
  return { ...mapping, fields: [...kept, { field, expression, origin: 'map' }] };
}

/** Whether rows bring traces of their own. */
export function hasDemonstrations(mapping: Mapping): boolean {
  return fieldOf(mapping, 'demonstration') !== undefined || fieldOf(mapping, 'demonstrations') !== undefined;
}

/** One of demonstration and demonstrations in a map stands for both. */
function isReplaced(field: FieldName, own: Fields): boolean {
  if (field === 'demonstration') return own.demonstrations !== undefined;
  if (field === 'demonstrations') return own.demonstration !== undefined;
  return false;
}

function checkedMap(map: Readonly<Record<string, string>>, setting: string, file: string): Fields {
  for (const key of Object.keys(map)) {
    if (fieldNames.some((field) => field === key)) continue;
    throw new SuperRlError(
      'data',
      `${setting} has the unknown field "${key}"; did you mean "${closest(key, [...fieldNames])}"? The fields are ${fieldNames.join(', ')}.`,
      { place: { file } },
    );
  }
  if (map.demonstration !== undefined && map.demonstrations !== undefined) {
    throw new SuperRlError(
      'data',
      `${setting} has both demonstration (one text) and demonstrations (a list). Keep one.`,
      {
        place: { file },
      },
    );
  }
  return map;
}

/** What fills a field; undefined when it isn't mapped. */
export function fieldOf(mapping: Mapping, field: FieldName): Expression | undefined {
  return mapping.fields.find((mapped) => mapped.field === field)?.expression;
}

/** Prompt, answer and id of a record. */
export function readColumns(mapping: Mapping, columns: Columns): MappedColumns {
  const prompt = fieldOf(mapping, 'prompt')?.read(columns);
  const messages = conversationOf(prompt);
  const only = messages?.length === 1 ? messages[0] : undefined;
  const id = textOf(fieldOf(mapping, 'id')?.read(columns));
  return {
    prompt: textOf(prompt),
    messages: only?.role === 'user' ? undefined : messages,
    answer: fieldOf(mapping, 'answer')?.read(columns),
    id: id === '' ? undefined : id,
  };
}

/**
 * The demonstrations of a record, in order; empty ones are left out. Undefined when the value that is
 * mapped has no text (an object), which is a mistake in the map rather than a row without a trace.
 */
export function readDemonstrations(mapping: Mapping, columns: Columns): readonly string[] | undefined {
  const list = fieldOf(mapping, 'demonstrations')?.read(columns);
  const values =
    list === undefined ? [fieldOf(mapping, 'demonstration')?.read(columns)] : Array.isArray(list) ? list : [list];
  const texts: string[] = [];
  for (const value of values) {
    const text = textOf(value);
    if (text === undefined) return undefined;
    if (text.trim() !== '') texts.push(text);
  }
  return texts;
}

/** What was recognised and what fills each field, in lines for a person. */
export function describeMapping(mapping: Mapping): string {
  const { layout, fields, vocabulary } = mapping;
  const lines = [layout ? `Recognised layout: ${layout.title}` : 'No known layout; the map says it all'];
  for (const field of ['prompt', 'answer', 'demonstration', 'id'] as const) {
    const mapped = fields.find((each) => each.field === field || each.field === `${field}s`);
    const name = (mapped?.field ?? field).padEnd(14);
    if (mapped === undefined) lines.push(`  ${name} ${field === 'id' ? 'a hash of the prompt' : 'none'}`);
    else {
      const about = mapped.expression.about ? ` (${mapped.expression.about})` : '';
      lines.push(
        `  ${name} ← ${JSON.stringify(mapped.expression.text)}${about}${mapped.origin === 'map' ? ', from your map' : ''}`,
      );
    }
  }
  const unused = Object.entries(vocabulary.derived).filter(
    ([name]) => !fields.some(({ expression }) => expression.text === name) && !vocabulary.paths.includes(name),
  );
  for (const [name, { about }] of unused) lines.push(`  also offered: "${name}", ${about}`);
  return lines.join('\n');
}
