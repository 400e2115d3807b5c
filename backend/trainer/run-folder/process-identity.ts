// Which process is meant by a pid: pids are reused, so an identity holds the start time as well.
// Linux: field 22 of /proc/PID/stat with the boot id; macOS: `ps -o lstart`; Windows: PowerShell.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { systemCode } from './storage-error';

export const processIdentitySchema = z.object({
  pid: z.int().positive(),
  /** Opaque; equal for the same process only. */
  startTime: z.string(),
  host: z.string(),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  if (!own) {
    const startTime = processStartTime(process.pid);
    if (startTime === undefined) throw new Error('This process has no start time.');
    own = { pid: process.pid, startTime, host: hostname() };
  }
  return own;
}

/**
 * alive: the same process still runs · dead: it ended (its pid may now be another's) · unknown: it is on
 * another machine, which can't be asked.
 */
export function identityState(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== hostname()) return 'unknown';
  if (!pidExists(identity.pid)) return 'dead';
  return processStartTime(identity.pid) === identity.startTime ? 'alive' : 'dead';
}

/** When a process started, as a string that is equal for equal processes; undefined when there is none. */
export function processStartTime(pid: number, os: NodeJS.Platform = process.platform): string | undefined {
  switch (os) {
    case 'linux':
      return linuxStartTime(pid);
    case 'win32':
      return commandOutput('powershell.exe', [
        '-NoProfile',
        '-NonInteractive',
        '-Command',
        `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`,
      ]);
    default:
      return commandOutput('ps', ['-o', 'lstart=', '-p', String(pid)]);
  }
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0); // signal 0 asks, on Windows too
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const ticks = startTicks(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return ticks === undefined ? undefined : `${boot}/${ticks}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat; field 2 is the program's name in brackets and may hold brackets and blanks. */
export function startTicks(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // from field 3 on
  return fields[0] === 'Z' ? undefined : fields[19];
}

function commandOutput(command: string, args: string[]): string | undefined {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, windowsHide: true } as const;
    return execFileSync(command, args, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined;
  } catch {
    return undefined;
  }
}
