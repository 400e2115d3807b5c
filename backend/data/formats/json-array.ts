// A JSON file that is one list of objects: a small scanner finds where each element begins and ends
// (nesting depth and strings), so that the list is streamed and each element can be read by itself.
import { SuperRlError } from '../../protocol/errors';
import { parseJsonRecord } from './json-record';
import { countLines, type FileRecord, type RecordFormat, type RecordPass } from './record';

const code = {
  carriageReturn: 13,
  quote: 34,
  comma: 44,
  openList: 91,
  backslash: 92,
  closeList: 93,
  open: 123,
  close: 125,
} as const;

/** Records of one JSON list of objects; `file` is for messages. */
export function jsonArrayFormat(file: string): RecordFormat {
  return {
    startPass: () => new JsonArrayPass(file),
    parse: (bytes, line) => parseJsonRecord(bytes, file, line),
  };
}

type Expecting = 'list' | 'element' | 'elementOrEnd' | 'commaOrEnd' | 'nothing';

class JsonArrayPass implements RecordPass {
  private line = 1;
  private expecting: Expecting = 'list';

  constructor(private readonly file: string) {}

  take(bytes: Buffer, offset: number, final: boolean): { consumed: number; records: FileRecord[] } {
    const records: FileRecord[] = [];
    let position = 0;
    let counted = 0; // line ends before this byte are in this.line
    const catchUp = (to: number): void => {
      this.line += countLines(bytes, counted, to);
      counted = to;
    };
    for (;;) {
      while (isSpace(bytes[position])) position++;
      const byte = bytes[position];
      if (byte === undefined) break;
      if (byte === code.openList && this.expecting === 'list') {
        this.expecting = 'elementOrEnd';
        position++;
      } else if (byte === code.comma && this.expecting === 'commaOrEnd') {
        this.expecting = 'element';
        position++;
      } else if (byte === code.closeList && (this.expecting === 'commaOrEnd' || this.expecting === 'elementOrEnd')) {
        this.expecting = 'nothing';
        position++;
      } else if (byte === code.open && (this.expecting === 'element' || this.expecting === 'elementOrEnd')) {
        const end = endOfObject(bytes, position);
        catchUp(position);
        if (end === -1) {
          if (!final) break;
          // Parsing what is there gives the error its place.
          parseJsonRecord(bytes.subarray(position), this.file, this.line);
        }
        const record = bytes.subarray(position, end);
        const columns = parseJsonRecord(record, this.file, this.line);
        records.push({ columns, bytes: record, offset: offset + position, length: end - position, line: this.line });
        this.expecting = 'commaOrEnd';
        position = end;
      } else {
        catchUp(position);
        throw this.unexpected(bytes.subarray(position, position + 12).toString('utf8'));
      }
    }
    // A \r at the very end of a chunk may be the first half of \r\n: it counts with what follows.
    if (!final && position === bytes.length && bytes[position - 1] === code.carriageReturn) position--;
    catchUp(position);
    if (final && this.expecting !== 'nothing') {
      throw new SuperRlError('data', 'The list has no closing "]": the file is cut off. Save or download it again.', {
        place: { file: this.file, line: this.line },
      });
    }
    return { consumed: position, records };
  }

  private unexpected(found: string): SuperRlError {
    const wanted = {
      list: 'A JSON file must be one list of objects, [{…}, {…}]',
      element: 'Each element of the list must be an object with named columns',
      elementOrEnd: 'Each element of the list must be an object with named columns',
      commaOrEnd: 'A comma or the closing "]" belongs here',
      nothing: 'Nothing may follow the closing "]"',
    }[this.expecting];
    return new SuperRlError('data', `${wanted}; found "${found}".`, { place: { file: this.file, line: this.line } });
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

/** Index just behind the object that opens at `start`, or -1 when it is not closed in these bytes. */
function endOfObject(bytes: Buffer, start: number): number {
  let depth = 0;
  let inString = false;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === code.backslash) i++;
      else if (byte === code.quote) inString = false;
    } else if (byte === code.quote) inString = true;
    else if (byte === code.open || byte === code.openList) depth++;
    else if (byte === code.close || byte === code.closeList) {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}
