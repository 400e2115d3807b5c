// `npm run bench -- NAME [arguments]`: bundles test/bench/NAME.ts into .cache/bench/ and runs it. Benchmarks are never part
// of the tests: run them on a quiet machine, more than once.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { cacheFolder, root } from './prepare.mjs';

const [name = '', ...rest] = process.argv.slice(2);
const source = join(root, 'test/bench', `${name}.ts`);
if (!existsSync(source)) {
  const known = readdirSync(join(root, 'test/bench')).filter((file) => file.endsWith('.ts'));
  console.error(
    `Usage: npm run bench -- NAME; benchmarks: ${known.map((file) => file.replace(/\.ts$/, '')).join(', ')}`,
  );
  process.exit(2);
}
const outfile = join(cacheFolder, 'bench', `${name}.mjs`);
await build({
  entryPoints: [source],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  mainFields: ['module', 'main'],
  external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
process.exit(spawnSync(process.execPath, [outfile, ...rest], { cwd: root, stdio: 'inherit' }).status ?? 1);
