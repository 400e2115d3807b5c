// What the newest run that touched a data file made of its rows; a record of a file of traces has the outcome of the row
// that it is a trace for. Only rows that are asked for are read from the server, and kept until the run has gone on.
import type { ServerConnection } from '../server/server-connection';
import type { RunList } from '../watch/run-list';
import type { RowOutcome, Split } from './outcome-text';
import type { TraceRows } from './trace-rows';

export interface FileOutcomesOptions {
  readonly connection: Pick<ServerConnection, 'request'>;
  readonly runs: Pick<RunList, 'all'>;
  readonly traces: Pick<TraceRows, 'datasetOf' | 'rowHashes'>;
}

interface Known {
  readonly run: string;
  readonly step: number;
  readonly split: Split;
  /** null: the run has not touched this row. */
  readonly rows: Map<string, RowOutcome | null>;
}

/** Runs that are looked through for one that has used the file. */
const mostRuns = 10;
/** Of one request; the protocol allows 1000. */
const mostHashes = 500;
/** A lookup that found no run is good for so long, unless the list of runs changed its length. */
const settleMs = 3000;

export class FileOutcomes {
  private readonly known = new Map<string, Known>();
  private readonly unknown = new Map<string, { readonly at: number; readonly runs: number }>();

  constructor(private readonly options: FileOutcomesOptions) {}

  /** The run whose outcomes are shown with the file's rows, and their split; undefined: none has used it. */
  async of(file: string): Promise<{ run: string; split: Split } | undefined> {
    return this.current((await this.options.traces.datasetOf(file)) ?? file);
  }

  /** Outcomes by the hash of the row or record, of those that have one. */
  async rows(file: string, hashes: readonly string[]): Promise<Map<string, RowOutcome>> {
    const { traces } = this.options;
    const dataset = await traces.datasetOf(file);
    if (dataset === undefined) return this.rowsOf(file, hashes);
    const rowOf = await traces.rowHashes(file, hashes);
    const outcomes = await this.rowsOf(dataset, [...rowOf.values()]);
    const found = new Map<string, RowOutcome>();
    for (const [hash, row] of rowOf) {
      const outcome = outcomes.get(row);
      if (outcome) found.set(hash, outcome);
    }
    return found;
  }

  private async rowsOf(file: string, hashes: readonly string[]): Promise<Map<string, RowOutcome>> {
    const known = await this.current(file);
    const found = new Map<string, RowOutcome>();
    if (!known) return found;
    const missing = [...new Set(hashes)].filter((hash) => !known.rows.has(hash));
    for (let from = 0; from < missing.length; from += mostHashes) {
      const rowHashes = missing.slice(from, from + mostHashes);
      const { rows } = await this.options.connection.request('rowOutcomes', { run: known.run, file, rowHashes });
      for (const hash of rowHashes) known.rows.set(hash, null);
      for (const row of rows) known.rows.set(row.rowHash, row);
    }
    for (const hash of hashes) {
      const row = known.rows.get(hash);
      if (row) found.set(hash, row);
    }
    return found;
  }

  private async current(file: string): Promise<Known | undefined> {
    const { runs, connection } = this.options;
    const known = this.known.get(file);
    const newest = runs.all.filter(({ state }) => state !== 'queued' && state !== 'damaged').slice(0, mostRuns);
    const later = known ? newest.findIndex(({ run }) => run === known.run) : -1;
    if (known && later === 0 && newest[0]?.step === known.step) return known;
    const without = this.unknown.get(file);
    if (without && without.runs === runs.all.length && Date.now() - without.at < settleMs) return undefined;
    for (const { run, step } of newest) {
      if (known && known.run === run && known.step === step) return known;
      const { split } = await connection.request('rowOutcomes', { run, file, rowHashes: [] });
      if (!split || split.none + split.some + split.all === 0) continue;
      const fresh = { run, step, split, rows: new Map<string, RowOutcome | null>() };
      this.known.set(file, fresh);
      return fresh;
    }
    this.unknown.set(file, { at: Date.now(), runs: runs.all.length });
    return undefined;
  }
}
