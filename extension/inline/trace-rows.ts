// Which rows of its dataset the records of a file of traces belong to, asked of the server for the records in view and
// kept while both files are what they were.
import { stat } from 'node:fs/promises';
import type { ServerConnection } from '../server/server-connection';
import type { DatasetInspections, DatasetUse } from './dataset-inspections';

/** Of one request; the protocol allows 1000. */
const mostHashes = 500;

interface Known {
  readonly key: string;
  /** null: it is no trace of any prompt. */
  readonly rows: Map<string, string | null>;
}

export class TraceRows {
  private readonly known = new Map<string, Known>();

  constructor(
    private readonly inspections: Pick<DatasetInspections, 'useOf'>,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {}

  /** undefined: the file is no file of traces, or one that is a dataset too. */
  async datasetOf(file: string): Promise<string | undefined> {
    const use = await this.inspections.useOf(file);
    return use?.role === 'traces' ? use.request.file : undefined;
  }

  /** The hash of the row by the hash of the record, of those that are traces for one. */
  async rowHashes(file: string, recordHashes: readonly string[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const use = await this.inspections.useOf(file);
    if (use?.role !== 'traces') return found;
    const { rows } = await this.current(file, use);
    const missing = [...new Set(recordHashes)].filter((hash) => !rows.has(hash));
    const { file: dataset, map, traces } = use.request;
    for (let from = 0; from < missing.length; from += mostHashes) {
      const rowHashes = missing.slice(from, from + mostHashes);
      const answer = await this.connection.request('traceRows', { file: dataset, map, traces, rowHashes });
      for (const hash of rowHashes) rows.set(hash, answer.rows[hash] ?? null);
    }
    for (const hash of recordHashes) {
      const row = rows.get(hash);
      if (row !== undefined && row !== null) found.set(hash, row);
    }
    return found;
  }

  private async current(file: string, { request }: DatasetUse): Promise<Known> {
    const states = await Promise.all([file, request.file].map((each) => stat(each)));
    const key = JSON.stringify([request, ...states.map(({ size, mtimeMs }) => [size, mtimeMs])]);
    const known = this.known.get(file);
    if (known?.key === key) return known;
    const fresh = { key, rows: new Map<string, string | null>() };
    this.known.set(file, fresh);
    return fresh;
  }
}
