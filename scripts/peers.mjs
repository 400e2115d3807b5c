// The libraries we measure against and that judge our exports (torch, transformers, TRL, PEFT) in a venv of their own under
// .cache/, keyed by its requirements. `preparePeers()` returns the venv's Python; a failed install stops with its reason.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder, prepareTools, root } from './prepare.mjs';

const requirements = join(root, 'test/bench/peers/requirements.txt');

export function preparePeers() {
  const { python } = prepareTools(['python']);
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const venv = join(cacheFolder, `peers-${key}`);
  const venvPython = process.platform === 'win32' ? join(venv, 'Scripts/python.exe') : join(venv, 'bin/python');
  const stamp = join(venv, '.complete');
  if (existsSync(stamp)) return venvPython;
  console.log('Installing torch, transformers, TRL and PEFT into .cache/ (some minutes, once)…');
  rmSync(venv, { recursive: true, force: true });
  for (const [command, args] of [
    [python, ['-m', 'venv', venv]],
    [venvPython, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]],
  ]) {
    const { status } = spawnSync(command, args, { stdio: 'inherit' });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed; its own message stands above.`);
  }
  writeFileSync(stamp, '');
  return venvPython;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(preparePeers());
