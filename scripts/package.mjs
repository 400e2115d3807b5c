// `npm run package`: the extension as a .vsix for this platform, or with `-- --target T` for another one, from this
// machine (onnxruntime-node's npm package holds the CPU binaries of all of them). `--out FILE`, `--no-build`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX } from '@vscode/vsce';
import { cacheFolder, prepareModules, root } from './prepare.mjs';

/** Platforms that onnxruntime-node has a binary for. Intel Macs and musl have none. */
export const targets = ['linux-x64', 'linux-arm64', 'win32-x64', 'win32-arm64', 'darwin-arm64'];
export const mostBytes = 35 * 1024 * 1024;

/** The allow-list of .vscodeignore and the native runtime of one target. */
function ignoreFile(target) {
  const [platform, arch] = target.split('-');
  const runtime = `node_modules/onnxruntime-node/bin/napi-v6/${platform}/${arch}`;
  if (!existsSync(join(root, runtime))) throw new Error(`${runtime} is missing: run "npm ci" again.`);
  const file = join(cacheFolder, `vscodeignore-${target}`);
  mkdirSync(cacheFolder, { recursive: true });
  writeFileSync(file, `${readFileSync(join(root, '.vscodeignore'), 'utf8')}!${runtime}/**\n`);
  return file;
}

/**
 * The README without its pictures, for the extension's page in the editor: a page that a package carries can show
 * pictures by https addresses only. Returns its path from the root.
 */
function readmeWithoutPictures() {
  const file = join(cacheFolder, 'package/README.md');
  mkdirSync(dirname(file), { recursive: true });
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  writeFileSync(file, text.replace(/^!\[.*\]\(docs\/images\/.*\)\n\n?/gm, ''));
  return relative(root, file);
}

/** Packs dist/ as it is; returns the path of the package. */
export async function packExtension({ target, out }) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const packagePath = out ?? join(root, `superrl-${target}-${version}.vsix`);
  mkdirSync(dirname(packagePath), { recursive: true });
  rmSync(packagePath, { force: true });
  await createVSIX({
    cwd: root,
    target,
    packagePath,
    ignoreFile: ignoreFile(target),
    readmePath: readmeWithoutPictures(),
    dependencies: true,
    useYarn: false,
    allowMissingRepository: true,
    // The README's links lead into the repository, whose address is not for us to know.
    rewriteRelativeLinks: false,
  });
  return packagePath;
}

function option(name) {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
}

async function main() {
  prepareModules();
  const target = option('--target') ?? `${process.platform}-${process.arch}`;
  if (!targets.includes(target)) {
    console.error(
      `There is no package for ${target}: ONNX Runtime has no binary for it. Targets: ${targets.join(', ')}.`,
    );
    process.exit(2);
  }
  if (!process.argv.includes('--no-build')) {
    const built = spawnSync(process.execPath, [join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' });
    if (built.status !== 0) process.exit(built.status ?? 1);
  }
  const out = option('--out');
  const file = await packExtension({ target, out: out && resolve(out) });
  const { size } = statSync(file);
  console.log(`${file}: ${(size / 1024 / 1024).toFixed(1)} MiB`);
  if (size > mostBytes) {
    console.error(`That is more than ${mostBytes / 1024 / 1024} MiB. See what was packed: npx vsce ls`);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
