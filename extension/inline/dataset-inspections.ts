// Which run file uses a data file, and what the server found in it with that run file's mapping; looked at once for
// each state of the file on disk.

import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { RequestParams } from '../../backend/protocol/messages';
import { type Inspection, inspectionSchema } from '../data/inspection';
import type { ServerConnection } from '../server/server-connection';
import type { WorkspaceFiles } from '../workspace-files';

export interface DatasetUse {
  readonly runFile: string;
  readonly request: RequestParams<'inspectData'>;
}

export class DatasetInspections {
  private readonly kept = new Map<string, { readonly key: string; readonly inspection: Promise<Inspection> }>();

  constructor(
    private readonly files: WorkspaceFiles,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {}

  /** The first run file that trains on it or evaluates with it; undefined: none does. */
  async useOf(file: string): Promise<DatasetUse | undefined> {
    for (const { file: runFile, parsed } of await this.files.readRunFiles()) {
      const { data, traces } = parsed;
      const from = (path: string) => resolve(dirname(runFile), path);
      const request = { file, map: data.map };
      if (from(data.train) === file) {
        const path = traces?.path === undefined ? {} : { path: from(traces.path) };
        return { runFile, request: { ...request, ...(traces && { traces: { ...traces, ...path } }) } };
      }
      if (data.eval !== undefined && from(data.eval) === file) return { runFile, request };
    }
    return undefined;
  }

  /** @throws what the server says when the file can't be read. */
  async inspect({ request }: DatasetUse): Promise<Inspection> {
    const { size, mtimeMs } = await stat(request.file);
    const key = `${size} ${mtimeMs} ${JSON.stringify(request)}`;
    const kept = this.kept.get(request.file);
    if (kept?.key === key) return kept.inspection;
    const inspection = this.connection.request('inspectData', request).then((found) => inspectionSchema.parse(found));
    this.kept.set(request.file, { key, inspection });
    inspection.catch(() => this.kept.delete(request.file)); // its caller shows why; the next one asks again
    return inspection;
  }
}
