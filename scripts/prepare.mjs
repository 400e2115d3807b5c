// Makes a clean machine ready, with no dependency of its own. For each tool: a variable that names it → one that is
// installed → apt-get when root on Debian → else everything missing is listed, with the commands to type, and we stop.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cacheFolder = join(root, '.cache');

/** A tool: the variable that overrides it, commands that may provide it, a Debian package, and a test that it works. */
const tools = {
  python: {
    what: 'Python 3.9 or newer with venv (reward functions in Python are tested with it)',
    variable: 'SUPERRL_PYTHON',
    commands: ['python3', 'python'],
    works: (command) => run(command, ['-c', 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))']),
    debian: ['python3', 'python3-venv'],
  },
  chromium: {
    what: 'Chromium (browser tests)',
    variable: 'SUPERRL_CHROMIUM',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
    works: (command) => run(command, ['--version']),
    debian: ['chromium'],
  },
  ripgrep: {
    what: 'ripgrep (the test editor searches with it)',
    variable: 'SUPERRL_RIPGREP',
    commands: ['rg'],
    works: (command) => run(command, ['--version']),
    debian: ['ripgrep'],
  },
  compiler: {
    what: 'a C++ compiler with make (the test editor and the TensorFlow binding are built with it)',
    variable: 'CXX',
    commands: ['g++', 'c++', 'clang++'],
    works: (command) => run(command, ['--version']) && run('make', ['--version']),
    debian: ['g++', 'make'],
  },
};

function run(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function find(tool) {
  const named = process.env[tool.variable];
  if (named) {
    if (tool.works(named)) return absolute(named);
    stop([`${tool.variable}=${named} does not work: it should be ${tool.what}. Correct or unset the variable.`]);
  }
  const command = tool.commands.find((candidate) => tool.works(candidate));
  return command && absolute(command);
}

/** The path of a command: some programs that we hand it to look in no PATH. */
function absolute(command) {
  if (isAbsolute(command) || process.platform === 'win32') return command;
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command], { encoding: 'utf8' }).stdout.trim() || command;
}

function stop(lines) {
  console.error(`\nThis machine is not ready:\n${lines.map((line) => `  ${line}`).join('\n')}\n`);
  process.exit(1);
}

const isDebian = existsSync('/etc/debian_version');
const isRoot = process.getuid?.() === 0;

/** Finds or installs the tools named; returns the command of each. */
export function prepareTools(names) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    stop([`Node ${process.versions.node} is too old: install Node 20 or newer.`]);
  }
  const found = Object.fromEntries(names.map((name) => [name, find(tools[name])]));
  let missing = names.filter((name) => found[name] === undefined);
  if (missing.length > 0 && isDebian && isRoot) {
    const packages = missing.flatMap((name) => tools[name].debian);
    console.log(`Installing ${packages.join(', ')} with apt-get…`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env,
    });
    for (const name of missing) found[name] = find(tools[name]);
    missing = names.filter((name) => found[name] === undefined);
  }
  if (missing.length > 0) {
    stop([
      ...missing.map((name) => `${tools[name].what} is missing; ${tools[name].variable} may name one`),
      'Type, as far as they fit your system:',
      `  sudo apt-get install -y ${missing.flatMap((name) => tools[name].debian).join(' ')}   (Debian, Ubuntu)`,
      `  brew install ${missing.join(' ')}   (macOS)`,
    ]);
  }
  return found;
}

/** Installs node_modules when package-lock.json has changed since the last time. */
export function prepareModules() {
  const stamp = join(root, 'node_modules', '.superrl-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(process.version)
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('Installing npm packages…');
  try {
    execFileSync(
      process.platform === 'win32' ? 'npm.cmd' : 'npm',
      ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
      {
        cwd: root,
        stdio: 'inherit',
        shell: process.platform === 'win32',
      },
    );
  } catch {
    stop(['npm ci failed; its own message stands above. Check the network and the free disk space, then try again.']);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
