// Reads the record of the running server and tells whether its process is there.
import { readFileSync } from 'node:fs';
import { type ServerRecord, serverRecordSchema } from '../../backend/protocol/messages';

/** Undefined: no server has left a record, or it is torn, or its process has ended. */
export function readServerRecord(file: string): ServerRecord | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined; // none yet
  }
  const record = serverRecordSchema.safeParse(safeJson(text));
  return record.success && processExists(record.data.pid) ? record.data : undefined;
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks, on Windows too
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
