// CSV with a header line, parsed by csv-parse in batches of whole records. Our own scan only finds the
// last line end outside quotes, where a batch may be cut; csv-parse says where each record ends.
import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import { SuperRlError } from '../../protocol/errors';
import { type Columns, countLines, type FileRecord, type RecordFormat, type RecordPass } from './record';

const quote = 34;
const newline = 10;
const carriageReturn = 13;

const options = {
  record_delimiter: ['\r\n', '\n', '\r'],
  skip_empty_lines: true,
  relax_column_count: true,
};

/** Values are strings, as CSV has no types; an empty field is the empty string. */
export function csvFormat(file: string): RecordFormat {
  // The header is the same in every pass; a single record parsed later needs it.
  let header: readonly string[] = [];
  return {
    startPass: () =>
      new CsvPass(file, (names) => {
        header = names;
      }),
    parse: (bytes, line) => {
      const fields = parseBatch(bytes, file, line)[0]?.fields ?? [];
      return toColumns(fields, header, file, line);
    },
  };
}

class CsvPass implements RecordPass {
  private line = 1;
  private header: readonly string[] | undefined;

  constructor(
    private readonly file: string,
    private readonly onHeader: (names: readonly string[]) => void,
  ) {}

  take(bytes: Buffer, offset: number, final: boolean): { consumed: number; records: FileRecord[] } {
    const { end, openQuote } = lastRecordEnd(bytes);
    if (final && openQuote !== -1) {
      throw new SuperRlError('data', 'A quoted field that opens here is never closed. Add the closing quote (").', {
        place: { file: this.file, line: this.line + countLines(bytes, 0, openQuote) },
      });
    }
    const consumed = final ? bytes.length : end;
    const batch = bytes.subarray(0, consumed);
    const records: FileRecord[] = [];
    let start = 0;
    for (const { fields, end: next } of parseBatch(batch, this.file, this.line)) {
      const first = skipLineEnds(batch, start);
      const line = this.line + countLines(batch, start, first);
      if (this.header === undefined) {
        this.header = checkedHeader(fields, this.file, line);
        this.onHeader(this.header);
      } else {
        const columns = toColumns(fields, this.header, this.file, line);
        const record = batch.subarray(first, next);
        records.push({ columns, bytes: record, offset: offset + first, length: next - first, line });
      }
      this.line = line + countLines(batch, first, next);
      start = next;
    }
    this.line += countLines(batch, start, consumed);
    return { consumed, records };
  }
}

/** Where the last whole record ends (0: none does), and where a quote is still open (-1: nowhere). */
function lastRecordEnd(bytes: Buffer): { end: number; openQuote: number } {
  let end = 0;
  let openQuote = -1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) openQuote = openQuote === -1 ? i : -1;
    else if (openQuote !== -1) continue;
    else if (byte === newline || (byte === carriageReturn && i + 1 < bytes.length && bytes[i + 1] !== newline)) {
      end = i + 1;
    }
  }
  return { end, openQuote };
}

function skipLineEnds(bytes: Buffer, from: number): number {
  let position = from;
  while (bytes[position] === newline || bytes[position] === carriageReturn) position++;
  return position;
}

interface CsvRecord {
  readonly fields: readonly string[];
  /** Byte behind the record and its line end, in the batch. */
  readonly end: number;
}

function parseBatch(bytes: Buffer, file: string, line: number): CsvRecord[] {
  if (!isUtf8(bytes)) {
    throw new SuperRlError(
      'data',
      'The text from here on is not valid UTF-8. Save the file as UTF-8 and open it again.',
      {
        place: { file, line },
      },
    );
  }
  try {
    const records: CsvRecord[] = [];
    parse(bytes, {
      ...options,
      on_record: (fields: string[], info) => {
        records.push({ fields, end: info.bytes });
        return null; // keeps csv-parse from collecting them too
      },
    });
    return records;
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const lineInBatch = typeof cause.lines === 'number' ? cause.lines : 1;
    throw new SuperRlError(
      'data',
      'A quote (") stands inside an unquoted field or behind a closing quote. Put the whole field in quotes and write a quote inside it twice ("").',
      { place: { file, line: line + lineInBatch - 1 }, cause },
    );
  }
}

function checkedHeader(names: readonly string[], file: string, line: number): readonly string[] {
  const place = { file, line };
  const blank = names.findIndex((name) => name.trim() === '');
  if (blank !== -1) {
    throw new SuperRlError(
      'data',
      `Column ${blank + 1} of the header has no name. The first line must name every column.`,
      {
        place,
      },
    );
  }
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new SuperRlError('data', `The header names the column "${repeated}" twice. Give each column its own name.`, {
      place,
    });
  }
  const only = names.length === 1 ? names[0] : undefined;
  const separator = only?.includes('\t') ? 'tabs' : only?.includes(';') ? 'semicolons' : undefined;
  if (separator !== undefined) {
    throw new SuperRlError(
      'data',
      `The header seems to be separated by ${separator}. Save the file with commas between columns.`,
      {
        place,
      },
    );
  }
  return names;
}

function toColumns(fields: readonly string[], header: readonly string[], file: string, line: number): Columns {
  if (fields.length !== header.length) {
    throw new SuperRlError(
      'data',
      `This record has ${fields.length} fields and the header has ${header.length}. Quote fields that contain commas or line breaks.`,
      { place: { file, line } },
    );
  }
  return Object.fromEntries(header.map((name, index) => [name, fields[index]]));
}
