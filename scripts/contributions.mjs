// Writes package.json's editor fields and package.nls.json from extension/contributions; with --check it only says
// whether they are up to date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { cacheFolder, root } from './prepare.mjs';

mkdirSync(cacheFolder, { recursive: true });
const bundle = join(cacheFolder, 'manifest.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['extension/contributions/manifest.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { createManifest } = await import(pathToFileURL(bundle).href);
const { fields, words } = createManifest();

const asJson = (value) => `${JSON.stringify(value, null, 2)}\n`;
const packageFile = join(root, 'package.json');
const wordsFile = join(root, 'package.nls.json');
const current = readFileSync(packageFile, 'utf8');
const wanted = [
  [packageFile, asJson({ ...JSON.parse(current), ...fields })],
  [wordsFile, asJson(words)],
];
// The formatter may break short lists differently: what counts is the content.
const same = (file, text) => existsSync(file) && asJson(JSON.parse(readFileSync(file, 'utf8'))) === text;
const stale = wanted.filter(([file, text]) => !same(file, text));
if (process.argv.includes('--check')) {
  for (const [file] of stale) console.error(`${file} is not up to date: run "npm run contributions".`);
  process.exit(stale.length === 0 ? 0 : 1);
}
for (const [file, text] of stale) writeFileSync(file, text);
console.log(stale.length === 0 ? 'Up to date.' : `Wrote ${stale.map(([file]) => file).join(', ')}.`);
