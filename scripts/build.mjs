// Bundles every part with esbuild into dist/, or --out=FOLDER (tests). Native packages stay external; all else is bundled.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, context } from 'esbuild';
import { root } from './prepare.mjs';

const outdir = process.argv.find((argument) => argument.startsWith('--out='))?.slice('--out='.length) ?? 'dist';
const dist = join(root, outdir);
const watch = process.argv.includes('--watch');

const shared = {
  absWorkingDir: root,
  outdir,
  bundle: true,
  sourcemap: process.argv.includes('--no-sourcemap') ? false : 'linked',
  minifySyntax: true,
  logLevel: 'warning',
  // tfjs-core registers its gradients only through its ES modules.
  mainFields: ['module', 'main'],
  define: { 'process.env.NODE_ENV': '"production"' },
};
const backend = {
  ...shared,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Chunks, so that what a command doesn't use (the engine, with its native library) isn't loaded for it.
  splitting: true,
  outExtension: { '.js': '.mjs' },
  external: ['onnxruntime-node', '@tensorflow/tfjs-node-gpu'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
};

/** Entry points by bundle. */
const bundles = [
  {
    ...backend,
    entryPoints: {
      superrl: 'backend/cli/superrl.ts',
      trainer: 'backend/trainer/main.ts',
      'engine-probe': 'backend/engine/probe/probe-main.ts',
      computation: 'backend/server/computation/main.ts',
      'reward-host': 'backend/rewards/host/node-host.ts',
      'typescript-hook': 'backend/rewards/host/typescript-hook.ts',
    },
  },
  // webview and rows, each with its style sheet; Chromium of the oldest VS Code that is supported.
  {
    ...shared,
    platform: 'browser',
    target: 'chrome132',
    format: 'iife',
    minify: true,
    legalComments: 'none',
    entryPoints: { webview: 'webview/main.ts', rows: 'webview/rows/main.ts' },
  },
  // The extension itself, as the editor loads it.
  {
    ...shared,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    external: ['vscode'],
    entryPoints: { extension: 'extension/extension.ts' },
  },
];

/** JSON schemas that the editor completes and hovers a person's files with, from the zod schemas that the backend checks with. */
const jsonSchemas = [
  { name: 'run-file', from: 'backend/protocol/run-file-schema.ts', make: 'runFileJsonSchema' },
  { name: 'reward-fixture', from: 'backend/protocol/reward-fixture.ts', make: 'rewardFixtureJsonSchema' },
];

async function writeJsonSchema({ name, from, make }) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    entryPoints: [from],
  });
  const module = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  // What it uses means the same in draft 7, which the editor knows in full.
  const schema = { ...module[make](), $schema: 'http://json-schema.org/draft-07/schema#' };
  writeFileSync(join(dist, `${name}.schema.json`), JSON.stringify(schema));
}

if (!watch) rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
cpSync(join(root, 'backend/rewards/host/python_host.py'), join(dist, 'python_host.py'));
await Promise.all(jsonSchemas.map(writeJsonSchema));
for (const options of bundles) {
  if (watch) await (await context(options)).watch();
  else await build(options);
}
