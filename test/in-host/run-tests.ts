// What suites inside the extension host share: running named tests one after the other, the workspace, waiting.
import { ok } from 'node:assert';
import * as vscode from 'vscode';

export type Tests = Readonly<Record<string, () => Promise<void>>>;

/** Logs each test's outcome; throws when one has failed. */
export async function runTests(tests: Tests): Promise<void> {
  const failures: string[] = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.log(`passed: ${name}`);
    } catch (error) {
      failures.push(name);
      console.log(`FAILED: ${name}\n${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  if (failures.length > 0) throw new Error(`${failures.length} failed: ${failures.join('; ')}`);
}

export function folder(): string {
  const [first] = vscode.workspace.workspaceFolders ?? [];
  ok(first);
  return first.uri.fsPath;
}

export async function until(holds: () => boolean | Promise<boolean>, timeoutMs = 120_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`Still not: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export function exitCode(task: vscode.Task): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const ends = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode: code }) => {
      if (execution.task.name !== task.name) return;
      ends.dispose();
      resolve(code);
    });
    vscode.tasks.executeTask(task).then(undefined, reject);
  });
}
