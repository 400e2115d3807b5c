// A mistake that a person makes, and what the program says to it. Of the cases come the test and docs/bad-input.md.
import type { Project } from './project';

export interface BadInput {
  /** What is wrong, for the table of the docs. */
  readonly mistake: string;
  /** Fields of the run file that differ from the project's own (project.ts). */
  readonly runFile?: Readonly<Record<string, unknown>>;
  /** Files written into the project, by path. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** What else goes before. */
  readonly prepare?: (project: Project) => void;
  /** Default: train tiny.superrl.json. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Largest file the program may write, as `ulimit -f` has it. */
  readonly fileLimitKb?: number;
  /** Ctrl-C is pressed when this has been printed. */
  readonly interruptAt?: RegExp;
  /** A folder of this name is a disk of its own: of 256 KiB, or read-only. Only root can make one; others skip the case. */
  readonly disk?: { readonly name: string; readonly options: string };
  readonly code: 0 | 1 | 2 | 130;
  /** The whole error, with the project's folder as /project; for `on: out` a part of what is printed. */
  readonly says: string;
  readonly on?: 'out';
  /** Files that the command may change or make although it fails. All others must be as they were, to the byte. */
  readonly mayChange?: RegExp;
}

export interface BadInputSection {
  readonly title: string;
  readonly cases: readonly BadInput[];
}

export const defaultCommand: readonly string[] = ['train', 'tiny.superrl.json'];
