// `npm start`: installs what is missing, builds, packs, and opens a real VS Code with the packed extension and the
// Countdown example as its workspace. A profile of its own, so that a person's own editor isn't touched.
// `npm start -- train [superrl train options]` trains the example in this terminal instead.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder, prepareModules, prepareTools, root } from './prepare.mjs';

const isWindows = process.platform === 'win32';
const example = join(root, 'examples/countdown');
const home = join(cacheFolder, 'start');
const workspace = join(home, 'countdown');

prepareTools([]);
prepareModules();
const [command = 'editor', ...rest] = process.argv.slice(2);
if (command === 'train') train();
else if (command === 'editor' && rest.length === 0) await openEditor();
else {
  console.error(`npm start takes nothing, or "-- train [options]"; it got "${process.argv.slice(2).join(' ')}".`);
  process.exit(2);
}

function train() {
  node(['scripts/build.mjs']);
  node(['dist/superrl.mjs', 'train', join(example, 'superrl.superrl.json'), ...rest]);
}

/** Runs a script of ours and ends with its exit code unless that is 0. */
function node(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

async function openEditor() {
  const code = desktopEditor();
  if (!code && process.platform !== 'linux') {
    console.error(
      'No VS Code was found. Install it from https://code.visualstudio.com (with its command `code` on the PATH), or ' +
        'train the example in this terminal: npm start -- train',
    );
    process.exit(1);
  }
  const vsix = join(home, 'superrl.vsix');
  node(['scripts/package.mjs', '--out', vsix]);
  mkdirSync(home, { recursive: true });
  // Kept from one start to the next, with its runs.
  if (!existsSync(workspace)) cpSync(example, workspace, { recursive: true });
  if (code) openDesktop(code, vsix);
  else await serve(vsix);
}

/** `code` or a relative of it, where there is a display to show it on. */
function desktopEditor() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return undefined;
  const names = ['code', 'code-insiders', 'codium'];
  return names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore', shell: isWindows }).status === 0);
}

function openDesktop(code, vsix) {
  const places = ['--user-data-dir', join(home, 'profile'), '--extensions-dir', join(home, 'extensions')];
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const options = { stdio: 'inherit', shell: isWindows };
  const installed = spawnSync(code, [...places, ...sandbox, '--install-extension', vsix, '--force'], options);
  if (installed.status !== 0) process.exit(installed.status ?? 1);
  const { status } = spawnSync(code, [...places, ...sandbox, '--new-window', workspace], options);
  if (status === 0) console.log('VS Code opens with the example. F1, then "SuperRL: Start Training".');
  process.exit(status ?? 1);
}

/** A served VS Code for a machine without a desktop: on 127.0.0.1 only, for whoever knows the token. */
async function serve(vsix) {
  const { prepareEditor } = await import('./test-editor.mjs');
  const { server } = prepareEditor({ browser: false });
  const data = join(home, 'served');
  const places = ['--server-data-dir', data, '--user-data-dir', data, '--extensions-dir', join(data, 'extensions')];
  node([server, ...places, '--accept-server-license-terms', '--install-extension', vsix, '--force']);
  const port = await freePort();
  const token = randomBytes(24).toString('base64url');
  const child = spawn(
    process.execPath,
    [
      server,
      ...places,
      ...['--host', '127.0.0.1', '--port', String(port), '--connection-token', token],
      ...['--accept-server-license-terms', '--telemetry-level', 'off'],
    ],
    { stdio: 'ignore' },
  );
  child.on('exit', (code) => process.exit(code ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  await answers(port);
  console.log(
    `\nVS Code with SuperRL is served at\n\n  http://127.0.0.1:${port}/?tkn=${token}&folder=${encodeURI(workspace)}\n\n` +
      'Open it in a browser on this machine (over SSH: ssh -L ' +
      `${port}:127.0.0.1:${port} …), trust the folder (Restricted Mode, at the bottom left), then F1 and\n"SuperRL: Start Training". ` +
      'Ctrl-C ends the editor; a run goes on.',
  );
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function answers(port) {
  for (let attempt = 0; attempt < 300; attempt++) {
    try {
      if ((await fetch(`http://127.0.0.1:${port}/version`)).ok) return;
    } catch {
      // not listening yet
    }
    await sleep(200);
  }
  console.error('The editor does not answer. Try again, or train in this terminal: npm start -- train');
  process.exit(1);
}
