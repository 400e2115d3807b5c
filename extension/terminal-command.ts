// Puts the command `superrl` on the PATH of the integrated terminal: a small script that runs this extension's own
// bundle on the runtime that the server uses too. Not in restricted mode.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type * as vscode from 'vscode';
import type { Runtime } from './server/runtime';
import { posixScript, windowsScript } from './terminal-script';

export function offerTerminalCommand(context: vscode.ExtensionContext, script: string, runtime: Runtime): void {
  const folder = join(context.globalStorageUri.fsPath, 'bin');
  mkdirSync(folder, { recursive: true });
  const asNode = runtime.isEditor && process.versions.electron !== undefined;
  const posix = join(folder, 'superrl');
  writeFileSync(posix, posixScript(runtime.executable, script, asNode));
  chmodSync(posix, 0o755);
  if (process.platform === 'win32') {
    writeFileSync(join(folder, 'superrl.cmd'), windowsScript(runtime.executable, script, asNode));
  }
  const { environmentVariableCollection } = context;
  environmentVariableCollection.description = 'The command superrl';
  environmentVariableCollection.append('PATH', `${delimiter}${folder}`);
}
