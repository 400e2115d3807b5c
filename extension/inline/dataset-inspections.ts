// Which run file uses a data file, and what the server found in it with that run file's mapping; looked at once for
// each state of the file on disk.

import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { RequestParams } from '../../backend/protocol/messages';
import { type Inspection, inspectionSchema } from '../data/inspection';
import type { ServerConnection } from '../server/server-connection';
import type { ReadRunFile, WorkspaceFiles } from '../workspace-files';

export interface DatasetUse {
  readonly runFile: string;
  /** What the file is to the run file; of a file of traces the request is about its dataset. */
  readonly role: 'dataset' | 'traces';
  readonly request: RequestParams<'inspectData'>;
}

export class DatasetInspections {
  private readonly kept = new Map<string, { readonly key: string; readonly inspection: Promise<Inspection> }>();

  constructor(
    private readonly files: Pick<WorkspaceFiles, 'readRunFiles'>,
    private readonly connection: Pick<ServerConnection, 'request'>,
  ) {}

  /** The first run file that trains on it or evaluates with it, else one whose traces it holds; undefined: none. */
  async useOf(file: string): Promise<DatasetUse | undefined> {
    const uses = (await this.files.readRunFiles()).flatMap((each) => usesIn(each, file));
    return uses.find(({ role }) => role === 'dataset') ?? uses[0];
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

function usesIn({ file: runFile, parsed }: ReadRunFile, file: string): DatasetUse[] {
  const { data, traces } = parsed;
  const from = (path: string) => resolve(dirname(runFile), path);
  const train = from(data.train);
  const path = traces?.path === undefined ? undefined : from(traces.path);
  const withTraces = { file: train, map: data.map, ...(traces && { traces: { ...traces, ...(path && { path }) } }) };
  const uses: DatasetUse[] = [];
  if (train === file) uses.push({ runFile, role: 'dataset', request: withTraces });
  else if (data.eval !== undefined && from(data.eval) === file) {
    uses.push({ runFile, role: 'dataset', request: { file, map: data.map } });
  }
  if (path === file) uses.push({ runFile, role: 'traces', request: withTraces });
  return uses;
}
