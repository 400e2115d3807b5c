// The name of a row's content, by which outcomes find the row again after the file was edited or moved around in.
import { createHash } from 'node:crypto';

/** Sixteen hexadecimal digits of the SHA-256 of the record as it stands in its file, without the blanks around it. */
export function rowHashOf(record: string): string {
  return createHash('sha256').update(record.trim()).digest('hex').slice(0, 16);
}
