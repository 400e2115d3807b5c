// The one server of a user and protocol version: who holds the lock serves; all others leave. The record by
// which windows find it appears whole and is readable by its user alone.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText, SuperRlError } from '../protocol/errors';
import { type ServerRecord, serverRecordSchema } from '../protocol/messages';
import { serverRecordName } from '../protocol/server-record';
import { renameWithRetry, temporaryName } from '../trainer/run-folder/atomic-file';
import { type RunLock, tryProcessLock } from '../trainer/run-folder/run-lock';

export class ServerPlace {
  readonly recordFile: string;
  readonly #lock: RunLock;
  #token: string | undefined;

  private constructor(recordFile: string, lock: RunLock) {
    this.recordFile = recordFile;
    this.#lock = lock;
  }

  /** undefined: another server is alive. @throws SuperRlError `storage` when the state folder can't be written. */
  static take(stateFolder: string, readOnly: boolean): ServerPlace | undefined {
    const recordFile = join(stateFolder, serverRecordName(readOnly));
    try {
      mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new SuperRlError('storage', `The state folder ${stateFolder} can't be made (${errorText(cause)}).`, {
        cause,
      });
    }
    const lock = tryProcessLock(`${recordFile}.lock`);
    return lock && new ServerPlace(recordFile, lock);
  }

  /** Replaces the record of a server that has died, if there is one. */
  async publish(record: ServerRecord): Promise<void> {
    const temporary = temporaryName(this.recordFile);
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(record)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameWithRetry(temporary, this.recordFile);
    this.#token = record.token;
  }

  /** Takes the record away first, so that nobody is sent to a server that has gone. */
  leave(): void {
    if (readRecord(this.recordFile)?.token === this.#token) rmSync(this.recordFile, { force: true });
    this.#lock.release();
  }
}

/** undefined: there is none, or it is not one. */
export function readRecord(file: string): ServerRecord | undefined {
  try {
    const record = serverRecordSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return record.success ? record.data : undefined;
  } catch {
    return undefined;
  }
}
