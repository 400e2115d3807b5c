// Where a new run file goes: a folder that can be written, a name that is free, and how its data are named from there.
import { dirname, isAbsolute, join, relative } from 'node:path';
import * as vscode from 'vscode';
import { dataFileExtensions } from './data-candidates';
import { exists } from './example';

/** A file, or with `file` false a folder, that the person picks; undefined when they leave. */
export async function browse(
  title: string,
  file: boolean,
  extensions = dataFileExtensions,
): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: file,
    canSelectFolders: !file,
    ...(file ? { filters: { [title]: extensions } } : {}),
  });
  return picked?.[0]?.fsPath;
}

/** Where the run file can be written: beside the data, or, when that place is read-only, where the person says. */
export async function writableFolder(folder: string): Promise<string | undefined> {
  const probe = vscode.Uri.file(join(folder, `.superrl-${process.pid}.tmp`));
  try {
    await vscode.workspace.fs.writeFile(probe, new Uint8Array());
    await vscode.workspace.fs.delete(probe);
    return folder;
  } catch {
    return browse(`${folder} can’t be written. Where should the run file go?`, false);
  }
}

export function pathFrom(folder: string, target: string): string {
  const path = relative(folder, target);
  // Far away, or on another drive: as it is.
  const far = isAbsolute(path) || path.startsWith(join('..', '..', '..'));
  return far ? target : path.replaceAll('\\', '/');
}

export async function siblings(file: string): Promise<string[]> {
  const entries = await vscode.workspace.fs.readDirectory(vscode.Uri.file(dirname(file)));
  return entries.filter(([, type]) => type === vscode.FileType.File).map(([name]) => name);
}

export async function freeName(folder: string, name: string): Promise<vscode.Uri> {
  for (let number = 1; ; number++) {
    const file = number === 1 ? `${name}.superrl.json` : `${name}-${number}.superrl.json`;
    const uri = vscode.Uri.file(join(folder, file));
    if (!(await exists(uri))) return uri;
  }
}
