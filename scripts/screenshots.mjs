// `npm run screenshots [-- NAME…]`: the pictures of the docs, taken of the packed extension in a real VS Code
// (test/pictures/NAME.pictures.ts) and written to docs/images with a palette. They show runs that
// `npm run study -- countdown` left. `--no-build` takes the package that is there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { cacheFolder, prepareModules, prepareTools, root } from './prepare.mjs';

const mostBytes = 300_000;
const mostBytesOfAll = 5_000_000;
const work = join(cacheFolder, 'pictures');
const taken = join(work, 'taken');
const images = join(root, 'docs/images');

const tools = prepareTools(['python', 'chromium', 'compiler']);
prepareModules();
const asked = process.argv.slice(2);
const build = !asked.includes('--no-build');
const vsix = join(work, 'superrl.vsix');
const env = {
  ...process.env,
  SUPERRL_PYTHON: tools.python,
  SUPERRL_CHROMIUM: tools.chromium,
  SUPERRL_VSIX: vsix,
  FONTCONFIG_FILE: fonts(),
};
rmSync(taken, { recursive: true, force: true });
mkdirSync(taken, { recursive: true });
if (build || !existsSync(vsix)) {
  node('scripts/build.mjs');
  node('scripts/package.mjs', '--no-build', '--out', vsix);
}
const specs = asked.filter((name) => name !== '--no-build');
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'pictures', ...specs],
  { cwd: root, stdio: 'inherit', env },
);
await writeImages(); // those that were taken before one failed, too
process.exit(status ?? 1);

function node(...args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  if (status !== 0) process.exit(status ?? 1);
}

/** Debian's fonts-inter and fonts-jetbrains-mono, where they are installed, instead of its default DejaVu. */
function fonts() {
  mkdirSync(work, { recursive: true });
  const file = join(work, 'fonts.conf');
  const prefer = (family, font) =>
    `<match target="pattern"><test name="family"><string>${family}</string></test>` +
    `<edit name="family" mode="prepend" binding="strong"><string>${font}</string></edit></match>`;
  writeFileSync(
    file,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include>
${prefer('system-ui', 'Inter')}${prefer('sans-serif', 'Inter')}${prefer('monospace', 'JetBrains Mono')}
</fontconfig>\n`,
  );
  return file;
}

/** One picture after another: with 256 colours they look the same and have a third of the size. */
async function writeImages() {
  mkdirSync(images, { recursive: true });
  for (const name of readdirSync(taken)) {
    const { size } = await sharp(join(taken, name))
      .png({ palette: true, colours: 256, dither: 0, effort: 10 })
      .toFile(join(images, name));
    console.log(`docs/images/${name}: ${Math.round(size / 1000)} kB`);
    if (size > mostBytes) throw new Error(`docs/images/${name} has more than ${mostBytes / 1000} kB.`);
  }
  const bytes = readdirSync(images).reduce((sum, name) => sum + statSync(join(images, name)).size, 0);
  if (bytes > mostBytesOfAll) throw new Error(`docs/images has ${bytes} bytes, more than ${mostBytesOfAll}.`);
}
