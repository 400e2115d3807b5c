// JSON lines: one object a line; \n, \r\n and \r end a line; blank lines are passed over.
import { parseJsonRecord } from './json-record';
import type { FileRecord, RecordFormat, RecordPass } from './record';

const newline = 10;
const carriageReturn = 13;

/** Records of a file with a JSON object a line; `file` is for messages. */
export function jsonlFormat(file: string): RecordFormat {
  return {
    startPass: () => new JsonlPass(file),
    parse: (bytes, line) => parseJsonRecord(bytes, file, line),
  };
}

class JsonlPass implements RecordPass {
  private line = 1;

  constructor(private readonly file: string) {}

  take(bytes: Buffer, offset: number, final: boolean): { consumed: number; records: FileRecord[] } {
    const records: FileRecord[] = [];
    let start = 0;
    let nextNewline = bytes.indexOf(newline);
    let nextReturn = bytes.indexOf(carriageReturn);
    while (start < bytes.length) {
      if (nextNewline !== -1 && nextNewline < start) nextNewline = bytes.indexOf(newline, start);
      if (nextReturn !== -1 && nextReturn < start) nextReturn = bytes.indexOf(carriageReturn, start);
      let end = nextNewline === -1 ? nextReturn : nextReturn === -1 ? nextNewline : Math.min(nextNewline, nextReturn);
      if (end === -1) {
        if (!final) break;
        end = bytes.length;
      }
      // A \r at the very end of a chunk may be the first half of \r\n.
      if (end === bytes.length - 1 && bytes[end] === carriageReturn && !final) break;
      if (!isBlank(bytes, start, end)) {
        const record = bytes.subarray(start, end);
        const columns = parseJsonRecord(record, this.file, this.line);
        records.push({ columns, bytes: record, offset: offset + start, length: end - start, line: this.line });
      }
      start = bytes[end] === carriageReturn && bytes[end + 1] === newline ? end + 2 : end + 1;
      this.line++;
    }
    return { consumed: Math.min(start, bytes.length), records };
  }
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 32 && byte !== 9) return false;
  }
  return true;
}
