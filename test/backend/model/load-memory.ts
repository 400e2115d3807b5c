// How much memory loading weights takes at its peak, measured in a process of its own that does nothing else.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const require = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Runs `load`, statements that put every loaded array into the list `kept`; `file` is their argument, and modules are named
 * from the repository's root. `before` is run first, and its memory counts for nothing.
 * @returns the growth of the process's resident memory at its peak, over the bytes of the arrays
 */
export async function peakOverWeights(imports: string, load: string, file: string, before = ''): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'superrl-load-'));
  try {
    const script = join(folder, 'load.mjs');
    const contents = `
      ${imports}
      const file = process.argv[2];
      const kept = [];
      ${before}
      const before = process.memoryUsage().rss;
      ${load}
      const bytes = kept.reduce((sum, data) => sum + data.byteLength, 0);
      console.log((process.resourceUsage().maxRSS * 1024 - before) / bytes);`;
    await build({
      stdin: { contents, resolveDir: join(import.meta.dirname, '../../..'), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
      logLevel: 'error',
      banner: { js: require },
    });
    const { stdout } = await promisify(execFile)(process.execPath, [script, file]);
    return Number(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
