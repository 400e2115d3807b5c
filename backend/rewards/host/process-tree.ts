// A process with all its descendants: how much memory it holds, and how it is ended. Linux reads /proc,
// macOS asks ps, Windows asks PowerShell (sizes) and taskkill (ending).
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TreeProcess {
  readonly pid: number;
  readonly parent: number;
  readonly residentBytes: number;
}

/** How often asking is cheap enough, in milliseconds. */
export const pollIntervalMs: number = { linux: 200, darwin: 1000 }[process.platform as 'linux' | 'darwin'] ?? 2000;

/** The process and its descendants; empty when it is gone or the platform doesn't tell. */
export async function processTree(root: number): Promise<TreeProcess[]> {
  if (process.platform === 'linux') return linuxTree(root);
  return treeOf(root, await processTable());
}

/** Sum of the resident sizes of the tree, in bytes. */
export async function residentBytes(root: number): Promise<number> {
  return (await processTree(root)).reduce((sum, member) => sum + member.residentBytes, 0);
}

/** Ends the process group of `root` (it must lead one, except on Windows) and every descendant. */
export async function killTree(root: number): Promise<void> {
  if (process.platform === 'win32') {
    await run('taskkill', ['/pid', String(root), '/T', '/F'], { windowsHide: true }).catch(() => undefined);
    return;
  }
  const members = await processTree(root).catch(() => []);
  for (const pid of [-root, root, ...members.map((member) => member.pid)]) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself meanwhile.
    }
  }
}

/** Lines of `pid ppid kilobytes`, as ps prints them. */
export function parseProcessTable(text: string): TreeProcess[] {
  return text.split('\n').flatMap((line) => {
    const [pid, parent, kilobytes] = line.trim().split(/\s+/).map(Number);
    if (!pid || parent === undefined || kilobytes === undefined) return [];
    return [{ pid, parent, residentBytes: kilobytes * 1024 }];
  });
}

/** The process and all that descend from it, itself first. */
export function treeOf(root: number, table: readonly TreeProcess[]): TreeProcess[] {
  const tree = table.filter((member) => member.pid === root);
  for (let at = 0; at < tree.length; at++) {
    tree.push(...table.filter((member) => member.parent === tree[at]?.pid && !tree.includes(member)));
  }
  return tree;
}

async function processTable(): Promise<TreeProcess[]> {
  const list =
    process.platform === 'win32'
      ? run(
          'powershell.exe',
          [
            '-NoProfile',
            '-NonInteractive',
            '-Command',
            'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ProcessId) $($_.ParentProcessId) $([int64]($_.WorkingSetSize / 1024))" }',
          ],
          { windowsHide: true },
        )
      : run('ps', ['-A', '-o', 'pid=,ppid=,rss=']);
  return parseProcessTable((await list).stdout);
}

function linuxTree(root: number): TreeProcess[] {
  const tree: TreeProcess[] = [];
  const pending = [{ pid: root, parent: 0 }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { pid, parent } = next;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      tree.push({ pid, parent, residentBytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024 });
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8');
        pending.push(
          ...children
            .split(' ')
            .filter(Boolean)
            .map((child) => ({ pid: Number(child), parent: pid })),
        );
      }
    } catch {
      // A process or thread that ended while being read.
    }
  }
  return tree;
}
