// A real VS Code to test in, from npm packages alone: code-server carries VS Code's own server and workbench. Its native
// modules are built with this machine's compiler into .cache/, keyed by version. `prepareEditor()` returns the folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cacheFolder, prepareTools } from './prepare.mjs';

export const editorVersion = '4.100.3'; // VS Code 1.100.3

const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

function run(folder, command, args, env = {}) {
  const { status, stderr, stdout } = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0)
    throw new Error(
      `${command} ${args.join(' ')} failed in ${folder}:\n${stdout?.slice(-2000)}\n${stderr?.slice(-2000)}`,
    );
  return stdout;
}

/**
 * Builds the editor if it is not there yet; returns {server: path of server-main.js, chromium: command}, the latter
 * only with `browser`.
 */
export function prepareEditor({ browser = true } = {}) {
  const tools = prepareTools([...(browser ? ['chromium'] : []), 'ripgrep', 'compiler', 'python']);
  const target = join(cacheFolder, `editor-${editorVersion}-node${process.versions.node.split('.')[0]}`);
  const server = (folder) => join(folder, 'node_modules/code-server/lib/vscode/out/server-main.js');
  if (existsSync(join(target, '.complete'))) return { server: server(target), chromium: tools.chromium };

  console.log('Building a VS Code to serve (about a minute, once)…');
  const folder = `${target}.partial`;
  rmSync(folder, { recursive: true, force: true });
  rmSync(target, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  run(folder, 'npm', ['install', `code-server@${editorVersion}`, ...quiet]);
  const vscode = join(folder, 'node_modules/code-server/lib/vscode');
  for (const part of [vscode, join(vscode, 'extensions')]) run(part, 'npm', ['install', '--omit=dev', ...quiet]);

  const nodeHome = dirname(dirname(realpathSync(process.execPath)));
  const nodeGyp = join(nodeHome, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js');
  if (!existsSync(nodeGyp) || !existsSync(join(nodeHome, 'include/node/node.h'))) {
    throw new Error(
      `The test editor's native modules need Node's own headers and node-gyp under ${nodeHome}: install Node from nodejs.org's archive rather than a distribution's split package.`,
    );
  }
  for (const module of ['@vscode/spdlog', 'node-pty', 'native-watchdog']) {
    run(join(vscode, 'node_modules', module), process.execPath, [nodeGyp, 'rebuild', `--nodedir=${nodeHome}`]);
  }
  const watcher = createRequire(join(vscode, 'package.json'))('@parcel/watcher/package.json').version;
  const parcel = join(vscode, 'node_modules/@parcel');
  run(parcel, 'npm', [
    'pack',
    `@parcel/watcher-linux-${process.arch}-glibc@${watcher}`,
    '--silent',
    '--loglevel=error',
  ]);
  mkdirSync(join(parcel, `watcher-linux-${process.arch}-glibc`), { recursive: true });
  run(parcel, 'tar', [
    'xzf',
    `parcel-watcher-linux-${process.arch}-glibc-${watcher}.tgz`,
    '-C',
    `watcher-linux-${process.arch}-glibc`,
    '--strip-components=1',
  ]);
  mkdirSync(join(vscode, 'node_modules/@vscode/ripgrep/bin'), { recursive: true });
  const ripgrep = run(folder, 'sh', ['-c', `command -v ${tools.ripgrep}`]).trim();
  const link = join(vscode, 'node_modules/@vscode/ripgrep/bin/rg');
  rmSync(link, { force: true });
  symlinkSync(ripgrep, link);
  rmSync(join(vscode, 'node_modules.asar'), { force: true });
  symlinkSync('node_modules', join(vscode, 'node_modules.asar'));
  renameSync(folder, target);
  writeFileSync(join(target, '.complete'), '');
  return { server: server(target), chromium: tools.chromium };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(prepareEditor());
