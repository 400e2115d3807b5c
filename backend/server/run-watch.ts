// Tells clients that something about the runs they listed has changed. A look a second at the files of each
// directory that somebody listed: watchers say too much of a live run and nothing of a trainer that died.
import { runLockState } from '../trainer/run-folder/run-lock';
import type { Client } from './request';
import { runFoldersIn } from './run-directory';
import { filesVersion } from './run-summaries';

/** Asking whether a process lives starts one on systems other than Linux, so it is done less often there. */
const looksPerLockCheck = process.platform === 'linux' ? 1 : 10;

export class RunWatch {
  readonly #listed = new Map<Client, ReadonlySet<string>>();
  readonly #versions = new Map<string, string>();
  readonly #locks = new Map<string, string>();
  readonly #everyMs: number;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(everyMs = 1000) {
    this.#everyMs = everyMs;
  }

  /** From now on this client hears of changes in these directories, and no longer of others. */
  async follow(client: Client, directories: readonly string[]): Promise<void> {
    if (client.closed.aborted) return;
    if (!this.#listed.has(client)) client.closed.addEventListener('abort', () => this.#listed.delete(client));
    this.#listed.set(client, new Set(directories));
    for (const directory of directories) {
      if (!this.#versions.has(directory)) this.#versions.set(directory, await this.#versionOf(directory));
    }
    this.#timer ??= setTimeout(() => void this.#look(), this.#everyMs);
  }

  /** A change that no file shows: of the queue. */
  announce(): void {
    for (const client of this.#listed.keys()) client.send({ kind: 'runsChanged' });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#listed.clear();
  }

  async #look(): Promise<void> {
    this.#looks++;
    const changed = new Set<string>();
    const watched = new Set([...this.#listed.values()].flatMap((directories) => [...directories]));
    for (const directory of this.#versions.keys()) if (!watched.has(directory)) this.#versions.delete(directory);
    for (const directory of watched) {
      const version = await this.#versionOf(directory);
      if (this.#versions.get(directory) !== version) changed.add(directory);
      this.#versions.set(directory, version);
    }
    for (const [client, directories] of this.#listed) {
      if ([...directories].some((directory) => changed.has(directory))) client.send({ kind: 'runsChanged' });
    }
    this.#timer = this.#listed.size > 0 ? setTimeout(() => void this.#look(), this.#everyMs) : undefined;
  }

  async #versionOf(directory: string): Promise<string> {
    const runs = await runFoldersIn(directory).catch(() => []); // listing it says why it can't be read
    const versions = await Promise.all(runs.map(async (run) => `${run} ${await filesVersion(run)} ${this.#lock(run)}`));
    return versions.join('\n');
  }

  #lock(run: string): string {
    const known = this.#locks.get(run);
    if (known !== undefined && this.#looks % looksPerLockCheck !== 0) return known;
    const { state } = runLockState(run);
    this.#locks.set(run, state);
    return state;
  }
}
