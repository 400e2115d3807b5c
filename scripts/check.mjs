// Every static check: format and lint with the one-way dependencies (biome.json), package.json's contributions, and
// types, part by part.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const bin = (name) => join(root, 'node_modules', '.bin', name);
const hasSources = (part) =>
  readdirSync(join(root, part), { recursive: true }).some((file) => String(file).endsWith('.ts'));

const checks = [
  ['biome', bin('biome'), ['check', '.']],
  ['contributions', process.execPath, ['scripts/contributions.mjs', '--check']],
  ...['backend', 'extension', 'webview', 'test']
    .filter(hasSources)
    .map((part) => [`types of ${part}`, bin('tsc'), ['-p', part]]),
];
let failed = 0;
for (const [name, command, args] of checks) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  console.log(`${status === 0 ? '✓' : '✗'} ${name}`);
  if (status !== 0) failed++;
}
process.exit(failed === 0 ? 0 : 1);
