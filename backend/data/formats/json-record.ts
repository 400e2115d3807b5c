// Parses the bytes of one JSON record (a line of JSONL or an element of a JSON array) into columns,
// with an error that points at the line and column in the file.
import { isUtf8 } from 'node:buffer';
import { type ParseError, parse as parseTolerantly } from 'jsonc-parser';
import { SuperRlError } from '../../protocol/errors';
import { type Columns, isColumns } from './record';

/** Throws SuperRlError('data') for broken UTF-8, broken JSON and anything that is not an object. */
export function parseJsonRecord(bytes: Buffer, file: string, line: number): Columns {
  if (!isUtf8(bytes)) {
    throw new SuperRlError('data', 'This record is not valid UTF-8. Save the file as UTF-8 and open it again.', {
      place: { file, line },
    });
  }
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw brokenJson(text, file, line, cause);
  }
  if (!isColumns(value)) {
    throw new SuperRlError(
      'data',
      `A record must be an object with named columns, such as {"prompt": "…", "answer": "…"}; this is ${kindOf(value)}.`,
      { place: { file, line } },
    );
  }
  return value;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return `a ${typeof value}`;
}

function brokenJson(text: string, file: string, line: number, cause: unknown): SuperRlError {
  // JSON.parse doesn't always say where; the tolerant parser does.
  const errors: ParseError[] = [];
  parseTolerantly(text, errors, { disallowComments: true });
  const { offset: position, length } = errors[0] ?? { offset: text.length, length: 0 };
  const before = text.slice(0, position).split(/\r\n|\n|\r/);
  const place = { file, line: line + before.length - 1, column: (before.at(-1)?.length ?? 0) + 1 };
  const problem =
    position + length >= text.trimEnd().length
      ? 'The JSON of this record ends too early'
      : `The JSON of this record is broken near "${text.slice(position, position + 12)}"`;
  return new SuperRlError('data', `${problem}. Correct it, or delete the record.`, { place, cause });
}
