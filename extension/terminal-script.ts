// The scripts behind the command `superrl`: the extension's bundle on a chosen executable. Pure.

export function posixScript(executable: string, script: string, asNode: boolean): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const variable = asNode ? 'ELECTRON_RUN_AS_NODE=1 ' : '';
  return `#!/bin/sh\n${variable}exec ${quoted(executable)} ${quoted(script)} "$@"\n`;
}

export function windowsScript(executable: string, script: string, asNode: boolean): string {
  const variable = asNode ? 'set "ELECTRON_RUN_AS_NODE=1"\r\n' : '';
  return `@echo off\r\nsetlocal\r\n${variable}"${executable}" "${script}" %*\r\n`;
}
