// Runs one of test/in-host's suites inside the extension host of an open editor.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { inject } from 'vitest';
import type { Editor } from './editor';

export async function runSuite(editor: Editor, name: string): Promise<{ code: number; told: string[]; log: string[] }> {
  const suite = join(editor.root, `${name}.cjs`);
  await build({
    entryPoints: [join(inject('root'), `test/in-host/${name}.ts`)],
    outfile: suite,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode'],
    logLevel: 'warning',
  });
  const extensions = join(editor.root, 'data/ext');
  const [extension = ''] = readdirSync(extensions).filter((each) => each.startsWith('superrl.'));
  const { code, log } = await editor.runInHost(join(extensions, extension), suite);
  return { code, log, told: log.filter((line) => /^(passed|FAILED)/.test(line)) };
}
