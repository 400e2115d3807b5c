// Makes one mistake in a project of its own, with the real command line, and tells what it said and did.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { endOf, printed, type SuperRlProgram } from '../cli/superrl-program';
import { type BadInput, defaultCommand } from './bad-input';
import { Project, runName } from './project';

export interface Outcome {
  readonly code: number | null;
  /** What was printed, and the error without what is told while it waits; both with paths of the project as /project. */
  readonly out: string;
  readonly error: string;
  /** Files that are not as they were, and need not be so: made, changed or gone. */
  readonly lost: readonly string[];
}

export async function tryBadInput(
  superrl: SuperRlProgram,
  input: BadInput,
  name: string,
  run: string,
): Promise<Outcome> {
  const project = new Project(join(superrl.folder, name), run);
  if (input.runFile) project.writeRunFile(input.runFile);
  const unmount = input.disk && mountDisk(project.path(input.disk.name), input.disk.options);
  try {
    input.prepare?.(project);
    for (const [path, content] of Object.entries(input.files ?? {})) project.write(path, content);
    const before = project.contents();
    const child = superrl.start(input.command ?? defaultCommand, {
      cwd: project.folder,
      ...(input.environment && { environment: input.environment }),
      ...(input.fileLimitKb && { fileLimitKb: input.fileLimitKb }),
    });
    const ended = endOf(child);
    if (input.interruptAt) {
      await printed(child, input.interruptAt);
      child.kill('SIGINT');
    }
    const { code, out, err } = await ended;
    const after = project.contents();
    const lost = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path) && !input.mayChange?.test(path),
    );
    return { code, out: readable(out, project), error: errorOf(readable(err, project)), lost };
  } finally {
    unmount?.();
  }
}

/** Whether this user may mount the small disks of `disk` cases. */
export function canMount(folder: string): boolean {
  try {
    mountDisk(join(folder, 'mount-trial'), 'size=64k')();
    return true;
  } catch {
    return false;
  }
}

function mountDisk(folder: string, options: string): () => void {
  mkdirSync(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
  return () => execFileSync('umount', [folder]);
}

/** Paths, times, process numbers and run names as they are on every machine. */
function readable(text: string, project: Project): string {
  return (
    text
      .replaceAll(project.folder, '/project')
      .replace(/tiny-\d{8}-\d{6}/g, runName)
      .replace(/process \d+/g, 'process 1234')
      .replace(/\.partial-\d+/g, '.partial-1234')
      // Newer versions of Node say the place of a JSON error in this way too.
      .replace(/ \(line \d+ column \d+\)/g, '')
      .replaceAll(process.execPath, 'node')
  );
}

function errorOf(text: string): string {
  return text
    .replace(/^(Preparing: |Evaluating…).*\n/gm, '')
    .replace(/^Usage: [\s\S]*^(?=error: )/m, '')
    .replace(/^error: /, '')
    .trimEnd();
}
