// The built-in examples: copied to where they can be edited, `superrl-example/` (or its own folder) of the open folder or a folder that the
// person picks, which is then opened. What was to be started goes on in the window that opens.
import { join } from 'node:path';
import * as vscode from 'vscode';
import { z } from 'zod';

const runFileName = 'superrl.superrl.json';
/** Examples by the folder of the extension that has them, with the folder that they are copied to. */
const exampleFolders = { countdown: 'superrl-example', 'broken-reward': 'superrl-broken-reward' } as const;
export type ExampleName = keyof typeof exampleFolders;
const pendingKey = 'superrl.pendingStart';
const pendingMs = 10 * 60_000;

export interface Example {
  readonly folder: vscode.Uri;
  readonly runFile: vscode.Uri;
  /** The folder is not part of this window: open it, and go on there. */
  readonly elsewhere: boolean;
}

/** Copies the example unless it is there already; undefined when the person picked no folder. */
export async function provideExample(
  extensionUri: vscode.Uri,
  name: ExampleName = 'countdown',
): Promise<Example | undefined> {
  const exampleFolderName = exampleFolders[name];
  const [open] = vscode.workspace.workspaceFolders ?? [];
  const parent = open?.uri ?? (await pickParent(exampleFolderName));
  if (!parent) return undefined;
  const folder = vscode.Uri.joinPath(parent, exampleFolderName);
  const runFile = vscode.Uri.joinPath(folder, runFileName);
  if (!(await exists(runFile))) {
    await copyFolder(vscode.Uri.joinPath(extensionUri, 'examples', name), folder);
    await copyFile(
      vscode.Uri.joinPath(extensionUri, 'examples', 'rewards.d.ts'),
      vscode.Uri.joinPath(parent, exampleFolderName, 'rewards.d.ts'),
    );
  }
  return { folder, runFile, elsewhere: open === undefined };
}

async function pickParent(exampleFolderName: string): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: `Where should the folder ${exampleFolderName} go?`,
    openLabel: 'Put Example Here',
  });
  return picked?.[0];
}

async function copyFolder(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await vscode.workspace.fs.createDirectory(to);
  for (const [name, type] of await vscode.workspace.fs.readDirectory(from)) {
    if (type === vscode.FileType.File) await copyFile(vscode.Uri.joinPath(from, name), vscode.Uri.joinPath(to, name));
  }
}

/** The content only: the extension's own files may be read-only. */
async function copyFile(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await vscode.workspace.fs.writeFile(to, await vscode.workspace.fs.readFile(from));
}

export async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}

const pendingSchema = z.object({ runFile: z.string(), at: z.number() });

/** Opens the folder in this window, where the run is started once the extension is up (and the folder is trusted). */
export async function startInFolder(state: vscode.Memento, folder: vscode.Uri, runFile: vscode.Uri): Promise<void> {
  await state.update(pendingKey, { runFile: runFile.fsPath, at: Date.now() });
  await vscode.commands.executeCommand('vscode.openFolder', folder);
}

/** The run file that was to be started in this window, once. */
export async function takePendingStart(state: vscode.Memento): Promise<vscode.Uri | undefined> {
  const pending = pendingSchema.safeParse(state.get(pendingKey));
  if (!pending.success) return undefined;
  const { runFile, at } = pending.data;
  const isHere = vscode.workspace.workspaceFolders?.some(({ uri }) => runFile.startsWith(join(uri.fsPath, '/')));
  if (!isHere) return undefined; // meant for another window
  await state.update(pendingKey, undefined);
  return Date.now() - at < pendingMs ? vscode.Uri.file(runFile) : undefined;
}
