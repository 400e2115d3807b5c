// A PATH with what the editor's server needs and no node.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Makes the folder and returns it. */
export function toolsWithoutNode(folder: string): string {
  mkdirSync(folder);
  for (const tool of ['sh', 'bash', 'cat', 'ps', 'which', 'uname', 'sed', 'grep', 'env']) {
    const found = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    if (found.startsWith('/')) symlinkSync(found, join(folder, tool));
  }
  return folder;
}
