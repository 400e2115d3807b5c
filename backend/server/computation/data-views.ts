// Data files that windows look at: rows by number, searches, and the rows that traces belong to. What was opened stays
// open while its file is unchanged, so that only the first look at a file takes a pass over it.
import { stat } from 'node:fs/promises';
import { RowPages } from '../../data/row-pages';
import { TraceLinks } from '../../data/trace-links';
import { runConfigSchema } from '../../protocol/run-config';
import type { Computation } from './computation';

/** Files that are kept open; the one used longest ago is closed first. */
const mostOpen = 4;

/** What was made of files, by what they were when it was made. */
class Kept<T> {
  private readonly kept = new Map<string, { readonly version: string; readonly made: Promise<T> }>();

  constructor(private readonly close: (made: T) => Promise<void>) {}

  async get(name: string, files: readonly string[], make: () => Promise<T>): Promise<T> {
    const version = await versionOf(files);
    const known = this.kept.get(name);
    this.kept.delete(name);
    const entry = known?.version === version ? known : { version, made: make() };
    this.kept.set(name, entry); // at the end: used last
    if (known && known !== entry) void known.made.then(this.close, () => undefined); // one that failed has nothing open
    for (const [oldest, { made }] of this.kept) {
      if (this.kept.size <= mostOpen) break;
      this.kept.delete(oldest);
      void made.then(this.close, () => undefined);
    }
    try {
      return await entry.made;
    } catch (error) {
      if (this.kept.get(name) === entry) this.kept.delete(name);
      throw error;
    }
  }
}

/** A missing file has a version too: opening it says what is wrong. */
async function versionOf(files: readonly string[]): Promise<string> {
  const states = files.map((file) =>
    stat(file).then(
      ({ size, mtimeMs, ino }) => `${size} ${mtimeMs} ${ino}`,
      () => 'none',
    ),
  );
  return (await Promise.all(states)).join(', ');
}

const pages = new Kept<RowPages>((made) => made.close());
const links = new Kept<TraceLinks>(async () => {});

export const readRows: Computation<'readRows'> = async ({ file, from, count, cell }) => {
  const opened = await pages.get(file, [file], () => RowPages.open(file));
  return opened.page(from, count, cell);
};

export const searchRows: Computation<'searchRows'> = async ({ file, text, from }) => {
  const opened = await pages.get(file, [file], () => RowPages.open(file));
  return opened.search(text, from);
};

export const traceRows: Computation<'traceRows'> = async ({ file, map, traces: given, rowHashes }) => {
  const traces = runConfigSchema.shape.traces.parse(given);
  if (traces?.path === undefined) return { rows: {} };
  const name = JSON.stringify([file, map, traces]);
  const read = await links.get(name, [file, traces.path], () => TraceLinks.read({ file, map, traces }));
  const rows: Record<string, string> = {};
  for (const hash of rowHashes) {
    const row = read.rowOf(hash);
    if (row !== undefined) rows[hash] = row;
  }
  return { rows };
};
