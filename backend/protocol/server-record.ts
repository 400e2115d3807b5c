// Where the record of the one server lies, which windows and the server itself must agree on: a per-user
// state folder, never the workspace. Pure: the caller reads and writes the file (serverRecordSchema).
import { posix, win32 } from 'node:path';
import type { Environment } from './child-environment';
import { protocolVersion } from './messages';

/** The per-user state folder of SuperRL; it may not exist yet (make it with mode 0700). */
export function stateFolder(platform: NodeJS.Platform, env: Environment, home: string): string {
  if (platform === 'win32') {
    return win32.join(env.LOCALAPPDATA ?? win32.join(home, 'AppData', 'Local'), 'superrl');
  }
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'superrl');
  // The XDG specification: a relative path is invalid and must be ignored.
  const state = env.XDG_STATE_HOME;
  return posix.join(state?.startsWith('/') ? state : posix.join(home, '.local', 'state'), 'superrl');
}

/**
 * File name of a server's record within the state folder: one a protocol version, and the read-only server
 * of windows in restricted mode has its own, so that it never is the one that trusted windows find.
 */
export function serverRecordName(readOnly: boolean): string {
  return `server-${protocolVersion}${readOnly ? '-read-only' : ''}.json`;
}

/** File name of a server's log, beside its record. */
export function serverLogName(readOnly: boolean): string {
  return `server-${protocolVersion}${readOnly ? '-read-only' : ''}.log`;
}

/** File name of the runs that wait for a server's live one, beside its record. A read-only server queues none. */
export function queueName(readOnly: boolean): string {
  return `queue-${protocolVersion}${readOnly ? '-read-only' : ''}.json`;
}
