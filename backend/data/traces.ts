// Offline traces (demonstrations) of a dataset's prompts: from a column of its own file, or from another
// file joined on the exact prompt or on an id. Only an index is kept; texts are read with their row.
import type { SourcePlace } from '../protocol/errors';
import type { OpenDataset } from './dataset';
import type { Row } from './row';
import { ownTraces } from './trace-column';
import { joinTraceFile } from './trace-file';
import type { AttachOptions, Trace, TraceCoverage, TraceSource, TracesConfig } from './trace-source';

export interface TracedDataset extends OpenDataset {
  /** Undefined: the run uses no traces. */
  readonly coverage: TraceCoverage | undefined;
  /** The demonstrations of a row with their places. */
  traces(index: number): Promise<readonly Trace[]>;
}

/**
 * The dataset with its rows' demonstrations filled from `traces`; without `traces`, rows have none.
 * Traces over the limit are left out when traces.onTooLong is "skip", and only counted otherwise.
 * The result closes the dataset. Throws SuperRlError('traces') when no prompt gets a trace.
 */
export async function attachTraces(
  dataset: OpenDataset,
  traces: TracesConfig | undefined,
  options: AttachOptions = {},
): Promise<TracedDataset> {
  if (traces === undefined) return new DatasetWithTraces(dataset, undefined);
  const source = await (traces.path === undefined
    ? ownTraces(dataset, traces, options)
    : joinTraceFile(dataset, traces, traces.path, options));
  return new DatasetWithTraces(dataset, source);
}

class DatasetWithTraces implements TracedDataset {
  constructor(
    private readonly dataset: OpenDataset,
    private readonly source: TraceSource | undefined,
  ) {}

  get coverage(): TraceCoverage | undefined {
    return this.source?.coverage;
  }

  get file(): string {
    return this.dataset.file;
  }

  get length(): number {
    return this.dataset.length;
  }

  get mapping(): OpenDataset['mapping'] {
    return this.dataset.mapping;
  }

  get report(): OpenDataset['report'] {
    return this.dataset.report;
  }

  place(index: number): SourcePlace {
    return this.dataset.place(index);
  }

  async row(index: number): Promise<Row> {
    return this.withTraces(index, await this.dataset.row(index));
  }

  async traces(index: number): Promise<readonly Trace[]> {
    return this.source?.of(index, await this.dataset.row(index)) ?? [];
  }

  async *scan(signal?: AbortSignal): AsyncGenerator<Row> {
    let index = 0;
    for await (const row of this.dataset.scan(signal)) yield this.withTraces(index++, row);
  }

  async close(): Promise<void> {
    await this.source?.close();
    await this.dataset.close();
  }

  private async withTraces(index: number, row: Row): Promise<Row> {
    const traces = (await this.source?.of(index, row)) ?? [];
    return { ...row, demonstrations: traces.map(({ text }) => text) };
  }
}
