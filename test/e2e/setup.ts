// Before the first spec: the editor to test in, and the packed extension (SUPERRL_VSIX names one that is there already).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** server-main.js of the editor. */
    editorServer: string;
    chromium: string;
    vsix: string;
    /** The repository. */
    root: string;
  }
}

export default async function setup({ provide, config }: TestProject): Promise<void> {
  const root = config.root;
  const { prepareEditor } = await import(join(root, 'scripts/test-editor.mjs'));
  const editor: { server: string; chromium: string } = prepareEditor();
  provide('editorServer', editor.server);
  provide('chromium', commandPath(editor.chromium));
  provide('vsix', process.env.SUPERRL_VSIX ?? pack(root));
  provide('root', root);
}

function commandPath(command: string): string {
  return spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim() || command;
}

function pack(root: string): string {
  const out = join(root, '.cache/e2e/superrl.vsix');
  const script = join(root, 'scripts/package.mjs');
  const { status } = spawnSync(process.execPath, [script, '--out', out], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('The extension could not be packed; its message stands above.');
  return out;
}
